/**
 * The compressed content paths of version 3 entitlement certificates:
 *
 *     payload := words count steps
 *     words   := zlib of *( word NUL )            UTF-8, the rarest first
 *     count   := one byte below 128, or 128 + n and then n bytes, big-endian
 *     steps   := *( *( word-code node-code ) end-code ) padding
 *
 * There are `count` nodes, the root first, and each lists its steps: a path's component, and the node it leads to. A
 * content path ends at a node without steps. Words have a Huffman code in their order, with the mark that ends a node's
 * list as the last and shortest; nodes have another code, without the root, which no step leads to.
 *
 * @see candlepin/subscription-manager, rhsm/pathtree.py: the same reading, except that a broken tree entitles to nothing
 */
import { inflateSync } from "node:zlib";
import { addStep, createPathNode, type PathNode } from "./content-paths.ts";

/** Reads bits, the highest of each byte first. */
export interface BitReader {
  /** @returns 0 or 1, or undefined when there are no more */
  next(): 0 | 1 | undefined;
}

export function readBits(bytes: Uint8Array): BitReader {
  let at = 0;
  return {
    next() {
      const byte = bytes[at >>> 3];
      if (byte === undefined) return undefined;
      const bit = (byte >>> (7 - (at & 7))) & 1;
      at++;
      return bit === 0 ? 0 : 1;
    },
  };
}

/** A code in which later symbols are shorter. Reads one symbol, or undefined when the bits end within it. */
export type SymbolReader = (bits: BitReader) => number | undefined;

/**
 * Creates a reader of the Huffman code of symbols that weigh 1, 2, 3 and so on.
 *
 * The two lightest are joined, the lighter one under bit 0, until one is left; of two equal ones the older is the
 * lighter. Weights and sums are both in order, so two queues replace a heap. A single symbol has no bits.
 *
 * @param count how many symbols there are, from 1
 */
export function huffmanReader(count: number): SymbolReader {
  const joints = count - 1;
  const sums = new Float64Array(joints);
  // Under each joint, first bit 0 then bit 1: a joint by its number, or a symbol by the complement of its own.
  const branches = new Int32Array(2 * joints);
  let symbol = 0;
  let joint = 0;
  for (let made = 0; made < joints; made++) {
    for (const bit of [0, 1]) {
      const isSymbol = symbol < count && (joint >= made || symbol + 1 <= (sums[joint] ?? 0));
      sums[made] = (sums[made] ?? 0) + (isSymbol ? symbol + 1 : (sums[joint] ?? 0));
      branches[2 * made + bit] = isSymbol ? ~symbol++ : joint++;
    }
  }
  return (bits) => {
    let place = joints === 0 ? ~0 : joints - 1;
    while (place >= 0) {
      const bit = bits.next();
      if (bit === undefined) return undefined;
      place = branches[2 * place + bit] ?? 0;
    }
    return ~place;
  };
}

/** Ten times the words of the largest known certificates, and a thousandth of what a compressed bomb expands to. */
const MAX_WORDS_BYTES = 262_144;
/** More than a certificate within a request can use. */
const MAX_SYMBOLS = 32_768;

/** The words, and the bytes after them. */
interface Unpacked {
  readonly words: readonly string[];
  readonly rest: Uint8Array;
}

/** `info` makes zlib return how much of its input it read, which its types lack. */
function inflate(data: Uint8Array): { readonly text: string; readonly taken: number } | undefined {
  try {
    const result: unknown = inflateSync(data, { info: true, maxOutputLength: MAX_WORDS_BYTES });
    if (typeof result !== "object" || result === null || !("buffer" in result) || !("engine" in result))
      return undefined;
    const { buffer, engine } = result;
    if (!(buffer instanceof Uint8Array) || typeof engine !== "object" || engine === null) return undefined;
    if (!("bytesWritten" in engine) || typeof engine.bytesWritten !== "number") return undefined;
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(buffer);
    return { text, taken: engine.bytesWritten };
  } catch {
    // Not zlib, truncated, too long or not UTF-8.
    return undefined;
  }
}

function unpack(data: Uint8Array): Unpacked | undefined {
  const inflated = inflate(data);
  if (inflated === undefined || !inflated.text.endsWith("\0")) return undefined;
  const words = inflated.text.slice(0, -1).split("\0");
  return words.includes("") ? undefined : { words, rest: data.subarray(inflated.taken) };
}

/** @returns the number of nodes, and the bytes after it: none where the number itself is truncated */
function readCount(bytes: Uint8Array): { readonly count: number; readonly rest: Uint8Array } {
  const first = bytes[0] ?? 0;
  const length = first < 128 ? 0 : first - 128;
  const digits = bytes.subarray(1, 1 + length);
  const count = length === 0 ? first : digits.reduce((sum, digit) => sum * 256 + digit, 0);
  return { count, rest: bytes.subarray(1 + length) };
}

/** A step from node to node, the root being 0. */
interface TreeEdge {
  readonly word: number;
  readonly to: number;
}

/** @returns the steps of each node, or undefined when the bits end before the last node's do */
function readSteps(wordCount: number, count: number, bytes: Uint8Array): readonly (readonly TreeEdge[])[] | undefined {
  const bits = readBits(bytes);
  const readWord = huffmanReader(wordCount + 1);
  const readNode = huffmanReader(count - 1);
  const steps: TreeEdge[][] = [];
  while (steps.length < count) {
    const own: TreeEdge[] = [];
    for (let word = readWord(bits); word !== wordCount; word = readWord(bits)) {
      const node = word === undefined ? undefined : readNode(bits);
      if (word === undefined || node === undefined) return undefined;
      own.push({ word, to: node + 1 });
    }
    steps.push(own);
  }
  return steps;
}

/** Removes nodes without parents until none is left; the rest then are cycles. */
function hasCycle(steps: readonly (readonly TreeEdge[])[]): boolean {
  const parents = new Int32Array(steps.length);
  for (const own of steps) for (const { to } of own) parents[to] = (parents[to] ?? 0) + 1;
  const free = [...steps.keys()].filter((node) => parents[node] === 0);
  let taken = 0;
  for (let node = free.pop(); node !== undefined; node = free.pop()) {
    taken++;
    for (const { to } of steps[node] ?? []) {
      parents[to] = (parents[to] ?? 0) - 1;
      if (parents[to] === 0) free.push(to);
    }
  }
  return taken < steps.length;
}

/**
 * Decodes a path tree. The work is bounded by the payload's length and {@link MAX_WORDS_BYTES}.
 *
 * @returns the root, or undefined for a tree that is malformed, truncated, cyclic or too large
 */
export function decodePathTree(payload: Uint8Array): PathNode | undefined {
  const unpacked = unpack(payload);
  if (unpacked === undefined) return undefined;
  const { words } = unpacked;
  const { count, rest } = readCount(unpacked.rest);
  // Each takes at least one bit.
  const most = Math.min(MAX_SYMBOLS, rest.length * 8);
  if (count < 2 || count > most || words.length > most) return undefined;
  const steps = readSteps(words.length, count, rest);
  if (steps === undefined || hasCycle(steps)) return undefined;
  const nodes = steps.map(createPathNode);
  for (const [from, own] of steps.entries()) {
    const node = nodes[from];
    if (node === undefined) return undefined;
    // A root without steps would be a content path without components, and cover everything.
    node.isEnd = own.length === 0 && from > 0;
    for (const { word, to } of own) {
      const component = words[word];
      const next = nodes[to];
      if (component !== undefined && next !== undefined) addStep(node, component, next);
    }
  }
  return nodes[0];
}
