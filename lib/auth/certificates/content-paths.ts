/**
 * Content paths of entitlement certificates, and which paths they open.
 *
 * Paths are compared component by component from the start; a component of a content path that begins with `$`
 * (`$releasever`) stands for any one. What lies below a content path is opened with it.
 */

/** One place in a graph of content paths. Graphs of certificates share nodes, so a node may have several parents. */
export interface PathNode {
  /** A content path ends here. */
  isEnd: boolean;
  /** A name may lead to two nodes: one where a path ends, one where others go on. */
  readonly named: Map<string, PathNode[]>;
  /** Where any name leads. */
  readonly anyName: PathNode[];
}

export const createPathNode = (): PathNode => ({ isEnd: false, named: new Map(), anyName: [] });

/** Adds the step that a component of a content path is. */
export function addStep(from: PathNode, component: string, to: PathNode): void {
  if (component.startsWith("$")) {
    from.anyName.push(to);
    return;
  }
  const there = from.named.get(component);
  if (there === undefined) from.named.set(component, [to]);
  else there.push(to);
}

const componentsOf = (path: string): readonly string[] => path.split("/").filter((component) => component !== "");

/** Makes the tree of some content paths. A path without any component is none: it would open everything. */
export function pathNodeOf(paths: Iterable<string>): PathNode {
  const root = createPathNode();
  for (const path of paths) {
    let node = root;
    for (const component of componentsOf(path)) {
      const isVariable = component.startsWith("$");
      let next = (isVariable ? node.anyName : node.named.get(component))?.[0];
      if (next === undefined) {
        next = createPathNode();
        addStep(node, component, next);
      }
      node = next;
    }
    if (node !== root) node.isEnd = true;
  }
  return root;
}

const isDots = (component: string): boolean => component === "." || component === "..";

/**
 * Tells whether one of the content paths is the path, or leads towards it.
 *
 * @param path as a URL has it, percent signs and all; slashes at its ends and double ones don't count, and a path with
 *   dots for components leads elsewhere, so it is opened by none
 */
export function leadsTo(root: PathNode, path: string): boolean {
  const components = componentsOf(path);
  if (components.some(isDots)) return false;
  // A set of places at once: trying one after the other could take 2^n steps where nodes are shared.
  let places: ReadonlySet<PathNode> = new Set([root]);
  for (const component of components) {
    const next = new Set<PathNode>();
    for (const { named, anyName } of places) {
      for (const node of named.get(component) ?? []) next.add(node);
      for (const node of anyName) next.add(node);
    }
    for (const { isEnd } of next) if (isEnd) return true;
    if (next.size === 0) return false;
    places = next;
  }
  return false;
}
