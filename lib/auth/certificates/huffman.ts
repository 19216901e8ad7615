/** Bits of some bytes, the highest of each byte first. */
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
 * Makes the Huffman code of symbols that weigh 1, 2, 3 and so on.
 *
 * The two lightest are joined, the lighter one under bit 0, until one is left; of two that weigh the same, the one
 * that has been there longer is the lighter. Weights come in order and sums do too, so two queues do the work of a
 * heap. A symbol that is alone has no bits.
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
