import { BlockList, isIPv4, isIPv6 } from "node:net";

/**
 * Sets of IP addresses, and addresses to listen on.
 *
 * An IPv4 address that is written as IPv6 (`::ffff:10.0.0.1`, as sockets that listen on `::` report it) is the IPv4
 * address, here and in blocks. Apart from that the families are apart: `::/0` holds no IPv4 address.
 *
 * @see RFC 4632 section 3.1, RFC 4291 section 2.5.5.2
 */
export interface AddressSet {
  /** The blocks, as they were written. */
  readonly blocks: readonly string[];
  /** Whether a block is wider than any private network: /7 of IPv4, /6 of IPv6. */
  readonly isWide: boolean;
  readonly ipv4: BlockList;
  readonly ipv6: BlockList;
}

const MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/;
const MAPPED_BITS = 96;
const PREFIX = /^(?:0|[1-9]\d{0,2})$/;

/** Tells whether a text is one IP address, of either family and without a zone. */
export const isAddress = (text: string): boolean => isIPv4(text) || (isIPv6(text) && !text.includes("%"));

/** @returns the IPv4 address that an IPv6 address stands for, if it stands for one */
function mapped(ipv6: string): string | undefined {
  const [, high, low] = MAPPED.exec(new URL(`http://[${ipv6}]`).hostname.slice(1, -1)) ?? [];
  if (high === undefined || low === undefined) return undefined;
  return [high, low].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]).join(".");
}

/**
 * Reads addresses and blocks that are separated by commas or white space.
 *
 * @returns the set, empty for an empty text, or undefined when one of them is malformed
 */
export function parseAddressSet(text: string): AddressSet | undefined {
  const blocks = text.split(/[\s,]+/).filter((block) => block !== "");
  const [ipv4, ipv6] = [new BlockList(), new BlockList()];
  let isWide = false;
  for (const block of blocks) {
    const [address = "", bits, ...others] = block.split("/");
    const length = isIPv4(address) ? 32 : 128;
    const prefix = bits === undefined ? length : Number(bits);
    if (!isAddress(address) || others.length > 0 || !PREFIX.test(bits ?? "0") || prefix > length) return undefined;
    const inIpv4 = length === 32 ? address : prefix < MAPPED_BITS ? undefined : mapped(address);
    const shared = length === 128 && inIpv4 !== undefined ? prefix - MAPPED_BITS : prefix;
    if (inIpv4 === undefined) ipv6.addSubnet(address, shared, "ipv6");
    else ipv4.addSubnet(inIpv4, shared, "ipv4");
    isWide ||= shared < (inIpv4 === undefined ? 7 : 8);
  }
  return { blocks, isWide, ipv4, ipv6 };
}

/**
 * Tells whether a set holds an address.
 *
 * @param text an address as a socket or a proxy gives it; a zone (`%eth0`) is ignored. Other texts are in no set.
 */
export function contains({ ipv4, ipv6 }: AddressSet, text: string): boolean {
  if (isIPv4(text)) return ipv4.check(text, "ipv4");
  const address = text.replace(/%.*$/s, "");
  if (!isIPv6(address)) return false;
  const inIpv4 = mapped(address);
  return inIpv4 === undefined ? ipv6.check(address, "ipv6") : ipv4.check(inIpv4, "ipv4");
}

/** An address to listen on. */
export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

const MAX_PORT = 65_535;
/** The system's limit for the name of a socket, less its closing NUL. */
const MAX_SOCKET_PATH_BYTES = 107;
const SOCKET = /^unix:(\/[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]+)$/;
const HOST_AND_PORT = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/;
const HOST_NAME = /^(?=.*[a-z_-])\w(?:[\w.-]*\w)?\.?$/i;

export const isHostName = (text: string): boolean => HOST_NAME.test(text);

/** Reads a host: a name, an IPv4 address, or an IPv6 address that may be in brackets, which are taken off. */
export function parseHost(text: string): string | undefined {
  const bare = /^\[(.*:.*)\]$/.exec(text)?.[1] ?? text;
  return isAddress(bare) || isHostName(bare) ? bare : undefined;
}

/** Reads `host:port`, `[::1]:port` or `unix:/path`. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const path = SOCKET.exec(text)?.[1];
  if (path !== undefined) return Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES ? undefined : { kind: "unix", path };
  const [, ipv6, name = "", digits = ""] = HOST_AND_PORT.exec(text) ?? [];
  const host = parseHost(ipv6 === undefined ? name : `[${ipv6}]`);
  const port = Number(digits);
  return host === undefined || port > MAX_PORT ? undefined : { kind: "tcp", host, port };
}

/** Writes an address as the configuration has it. */
export function describeListenAddress(address: ListenAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const { host, port } = address;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
