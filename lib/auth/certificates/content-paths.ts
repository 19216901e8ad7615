/**
 * Content paths of entitlement certificates.
 *
 * Paths are compared component by component from the start; a component of a content path that begins with `$`
 * (`$releasever`) matches any one. A content path covers every path below it.
 */

/** A node in a graph of content paths. Certificates share nodes, so a node may have several parents. */
export interface PathNode {
  /** A content path ends here. */
  isEnd: boolean;
  /** A name may lead to two nodes: one where a path ends, one where others go on. */
  readonly named: Map<string, PathNode[]>;
  /** The nodes that any name leads to. */
  readonly anyName: PathNode[];
}

export const createPathNode = (): PathNode => ({ isEnd: false, named: new Map(), anyName: [] });

/** Adds an edge for one component of a content path. */
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

/** Builds the tree of content paths. A path without components is left out: it would cover everything. */
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
 * Tells whether a content path covers a path.
 *
 * @param path the path of a URL, not decoded; empty components are ignored, and a path with `.` or `..` is never covered
 */
export function covers(root: PathNode, path: string): boolean {
  const components = componentsOf(path);
  if (components.some(isDots)) return false;
  // All nodes of one depth at once: one path after the other could take 2^n steps where nodes are shared.
  let nodes: ReadonlySet<PathNode> = new Set([root]);
  for (const component of components) {
    const next = new Set<PathNode>();
    for (const { named, anyName } of nodes) {
      for (const node of named.get(component) ?? []) next.add(node);
      for (const node of anyName) next.add(node);
    }
    for (const { isEnd } of next) if (isEnd) return true;
    if (next.size === 0) return false;
    nodes = next;
  }
  return false;
}
