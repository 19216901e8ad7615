import { type Cidr, contains } from "../config/cidr.ts";
import { clientAddress, type HeaderGetter } from "./client-address.ts";

/** Whether a client may come in, by where it comes from. */
export type AddressDoor = (header: HeaderGetter, peer: string) => boolean;

const isWhole = (list: readonly Cidr[], length: number): boolean =>
  list.some(({ address, prefix }) => prefix === 0 && address.length === length);

/** Where everybody may come in, nobody need know who asks: behind a proxy that is not trusted that can't be known. */
export function createAddressDoor(allow: readonly Cidr[], trustedProxies: readonly Cidr[]): AddressDoor {
  if (isWhole(allow, 4) && isWhole(allow, 16)) return () => true;
  return (header, peer) => {
    const address = clientAddress(header, peer, trustedProxies);
    return address !== undefined && contains(allow, address);
  };
}
