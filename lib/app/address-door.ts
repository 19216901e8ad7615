import { type AddressSet, contains, parseAddressSet } from "../config/addresses.ts";
import { clientAddress, type HeaderGetter } from "./client-address.ts";

/** Whether a client may come in, by where it comes from. */
export type AddressDoor = (header: HeaderGetter, peer: string) => boolean;

const LOOPBACK = parseAddressSet("127.0.0.0/8 ::1");

/** Opens to clients on this machine alone. */
export function createLoopbackDoor(trustedProxies: AddressSet): AddressDoor {
  return (header, peer) => {
    const address = clientAddress(header, peer, trustedProxies);
    return address !== undefined && LOOPBACK !== undefined && contains(LOOPBACK, address);
  };
}
