/**
 * IP addresses and blocks of them.
 *
 * An IPv4 address that is written as IPv6 (`::ffff:10.0.0.1`, as sockets that listen on `::` report it) is the IPv4
 * address, here and in blocks. Apart from that the families are apart: `::/0` holds no IPv4 address.
 *
 * @see RFC 4632 section 3.1, RFC 4291 sections 2.2, 2.3 and 2.5.5.2
 */

/** 4 or 16 bytes. */
type Address = readonly number[];

/** All addresses that share their first bits. */
export interface Cidr {
  readonly address: Address;
  /** How many bits are shared: at most 32 for IPv4, 128 for IPv6. */
  readonly prefix: number;
}

const IPV6_GROUPS = 8;
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
// A leading zero is refused: some programs would read octal.
const DECIMAL = /^(?:0|[1-9]\d{0,2})$/;
const HEX_GROUP = /^[0-9a-f]{1,4}$/i;

function parseIpv4(text: string): Address | undefined {
  const parts = text.split(".");
  const isWellFormed = parts.length === 4 && parts.every((part) => DECIMAL.test(part) && Number(part) <= 255);
  return isWellFormed ? parts.map(Number) : undefined;
}

/** The bytes of the groups on one side of `::`; the last may be written as IPv4. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    const ipv4 = mayEndInIpv4 && index === groups.length - 1 ? parseIpv4(group) : undefined;
    if (ipv4 !== undefined) bytes.push(...ipv4);
    else if (HEX_GROUP.test(group)) bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}

function parseIpv6(text: string): Address | undefined {
  const [left = "", right, ...others] = text.split("::");
  if (others.length > 0) return undefined;
  const head = parseGroups(left, right === undefined);
  const tail = parseGroups(right ?? "", true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 2 * IPV6_GROUPS - head.length - tail.length;
  // "::" stands for one group at least.
  if (right === undefined ? missing !== 0 : missing < 2) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

const isMapped = (address: Address): boolean => MAPPED_PREFIX.every((byte, index) => address[index] === byte);

/** An address as it is written, mapped ones still 16 bytes long. */
function parseWritten(text: string): Address | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** Tells whether a text is one IP address, of either family and without a zone. */
export function isAddress(text: string): boolean {
  return parseWritten(text) !== undefined;
}

function parseCidr(text: string): Cidr | undefined {
  const [written = "", bits, ...others] = text.split("/");
  const address = parseWritten(written);
  if (address === undefined || others.length > 0) return undefined;
  const length = address.length * 8;
  if (bits !== undefined && !DECIMAL.test(bits)) return undefined;
  const prefix = bits === undefined ? length : Number(bits);
  if (prefix > length) return undefined;
  const isIpv4 = address.length === 16 && isMapped(address) && prefix >= 96;
  return isIpv4 ? { address: address.slice(12), prefix: prefix - 96 } : { address, prefix };
}

/**
 * Reads blocks that are separated by commas or white space. A bare address is a block of one.
 *
 * @returns the blocks, none for an empty text, or undefined when one of them is malformed
 */
export function parseCidrList(text: string): readonly Cidr[] | undefined {
  const list: Cidr[] = [];
  for (const item of text.split(/[\s,]+/)) {
    if (item === "") continue;
    const cidr = parseCidr(item);
    if (cidr === undefined) return undefined;
    list.push(cidr);
  }
  return list;
}

function holds({ address: block, prefix }: Cidr, address: Address): boolean {
  if (block.length !== address.length) return false;
  for (let index = 0, left = prefix; left > 0; index++, left -= 8) {
    const difference = (block[index] ?? 0) ^ (address[index] ?? 0);
    if (difference >> Math.max(0, 8 - left) !== 0) return false;
  }
  return true;
}

/**
 * Tells whether one of the blocks holds an address.
 *
 * @param text an address as a socket or a proxy gives it; a zone (`%eth0`) is ignored. What is no address is in no block.
 */
export function contains(list: readonly Cidr[], text: string): boolean {
  const written = parseWritten(text.replace(/%.*$/s, ""));
  if (written === undefined) return false;
  const address = written.length === 16 && isMapped(written) ? written.slice(12) : written;
  return list.some((cidr) => holds(cidr, address));
}
