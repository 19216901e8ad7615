import { deflateSync } from "node:zlib";

/** Writes version 3 path trees as the format has them: plainly and slowly. */

/** Steps from a node: a word, and the number of the node that it leads to, the root being 0. */
export type Steps = readonly (readonly [word: string, node: number])[];

interface Weighed {
  readonly weight: number;
  readonly codes: ReadonlyMap<number, string>;
}

const under = (bit: string, { codes }: Weighed): [number, string][] =>
  [...codes].map(([symbol, code]) => [symbol, bit + code]);

/** The Huffman codes of symbols that weigh 1, 2, 3 and so on, by looking through all of them for the lightest. */
export function huffmanCodes(count: number): ReadonlyMap<number, string> {
  const waiting: Weighed[] = Array.from({ length: count }, (_, symbol) => ({
    weight: symbol + 1,
    codes: new Map([[symbol, ""]]),
  }));
  const takeLightest = (): Weighed => {
    let best = 0;
    for (const [index, { weight }] of waiting.entries()) if (weight < (waiting[best]?.weight ?? 0)) best = index;
    const [taken] = waiting.splice(best, 1);
    if (taken === undefined) throw new Error("no symbols");
    return taken;
  };
  while (waiting.length > 1) {
    const [left, right] = [takeLightest(), takeLightest()];
    waiting.push({ weight: left.weight + right.weight, codes: new Map([...under("0", left), ...under("1", right)]) });
  }
  return takeLightest().codes;
}

/** How a count of nodes is written. */
export function countBytes(count: number): Buffer {
  if (count < 128) return Buffer.from([count]);
  const digits = Buffer.from(count.toString(16).padStart(count > 0xffff ? 6 : count > 0xff ? 4 : 2, "0"), "hex");
  return Buffer.concat([Buffer.from([128 + digits.length]), digits]);
}

export function packBits(bits: string): Buffer {
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2)));
}

export const zipWords = (words: readonly string[]): Buffer =>
  deflateSync(Buffer.from(words.map((word) => `${word}\0`).join("")));

/** The bits of every node's steps. */
export function stepBits(words: readonly string[], nodes: readonly Steps[]): string {
  const wordCodes = huffmanCodes(words.length + 1);
  const nodeCodes = nodes.length < 2 ? new Map<number, string>() : huffmanCodes(nodes.length - 1);
  const end = wordCodes.get(words.length) ?? "";
  const step = ([word, node]: readonly [string, number]): string =>
    `${wordCodes.get(words.indexOf(word))}${nodeCodes.get(node - 1)}`;
  return nodes.map((steps) => steps.map(step).join("") + end).join("");
}

/** The words of some nodes, the rarest first. */
export function wordsOf(nodes: readonly Steps[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const [word] of nodes.flat()) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([, left], [, right]) => left - right).map(([word]) => word);
}

/** The payload for a graph of nodes. */
export function encodeNodes(nodes: readonly Steps[]): Buffer {
  const words = wordsOf(nodes);
  return Buffer.concat([zipWords(words), countBytes(nodes.length), packBits(stepBits(words, nodes))]);
}

interface Branch {
  readonly below: Map<string, Branch>;
  ends: boolean;
}

/** The graph of some content paths: they all end in the last node, and what goes on in the same way is shared. */
export function nodesOf(paths: readonly string[]): readonly Steps[] {
  const root: Branch = { below: new Map(), ends: false };
  for (const path of paths) {
    let branch = root;
    for (const component of path.split("/").filter((each) => each !== "")) {
      const next: Branch = branch.below.get(component) ?? { below: new Map(), ends: false };
      branch.below.set(component, next);
      branch = next;
    }
    branch.ends = true;
  }
  const END = "end";
  const shapes = new Map<string, { readonly id: string; readonly steps: [string, string][] }>();
  const shapeOf = (branch: Branch): string => {
    const steps: [string, string][] = [];
    for (const [word, next] of branch.below) {
      if (next.ends) steps.push([word, END]);
      if (next.below.size > 0) steps.push([word, shapeOf(next)]);
    }
    const id = JSON.stringify(steps.sort());
    shapes.set(id, { id, steps });
    return id;
  };
  const rootId = shapeOf(root);
  const order = [rootId, ...[...shapes.keys()].filter((id) => id !== rootId), END];
  // Whoever writes certificates puts in a node that nothing leads to where there would be a single code.
  const padding: Steps[] = order.length === 2 ? [[]] : [];
  const nodes = order.map((id) =>
    (shapes.get(id)?.steps ?? []).map(([word, to]) => [word, order.indexOf(to)] as const),
  );
  return [...nodes, ...padding];
}

/** The payload for some content paths. */
export const encodePaths = (paths: readonly string[]): Buffer => encodeNodes(nodesOf(paths));
