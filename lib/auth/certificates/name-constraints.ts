/**
 * Name constraints: an authority may be limited to certain names, and a chain that exceeds the limit does not hold.
 *
 *     NameConstraints ::= SEQUENCE { permitted [0] *subtree OPTIONAL, excluded [1] *subtree OPTIONAL }
 *     subtree         ::= SEQUENCE { base GeneralName }          one with a minimum or a maximum is refused
 *
 * They are enforced whether or not the extension is critical. A malformed name or constraint breaks the chain, and so
 * does a constraint of a kind that is not implemented, where a certificate has a name of this kind.
 *
 * @see RFC 5280 sections 4.2.1.10 and 7
 */
import type { Certificate } from "./certificate.ts";
import { type Element, readElements, readOid, readOnly, readSequence, TAG } from "./der.ts";

export const NAME_CONSTRAINTS = "2.5.29.30";
export const SUBJECT_ALT_NAME = "2.5.29.17";

const COMMON_NAME = "2.5.4.3";
const EMAIL_ADDRESS = "1.2.840.113549.1.9.1";
const HOST_NAME = /^[\w-]+(?:\.[\w-]+)+$/;

/** The tags of a GeneralName. */
const KIND = { email: 0x81, dns: 0x82, directory: 0xa4, uri: 0x86, ip: 0x87 } as const;
const PERMITTED = 0xa0;
const EXCLUDED = 0xa1;

/** Decoders of the strings in directory names, by tag. */
const STRINGS: Readonly<Record<number, (bytes: Buffer) => string>> = {
  [TAG.utf8String]: (bytes) => bytes.toString("utf8"),
  [TAG.printableString]: (bytes) => bytes.toString("latin1"),
  [TAG.ia5String]: (bytes) => bytes.toString("latin1"),
  [TAG.teletexString]: (bytes) => bytes.toString("latin1"),
  [TAG.bmpString]: (bytes) => new TextDecoder("utf-16be").decode(bytes),
};

/** A GeneralName. A directory name is without the SEQUENCE around it. */
type Name = Pick<Element, "tag" | "content">;

/** One attribute of a directory name. */
interface Attribute {
  readonly oid: string;
  readonly value: Name;
}

/** Thrown by the parsers below and caught by {@link isWithinConstraints}. */
class Malformed extends Error {}

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Malformed();
  return value;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const lower = (bytes: Uint8Array): string => textOf(bytes).toLowerCase();

function generalName({ tag, content }: Element): Name {
  return { tag, content: tag === KIND.directory ? must(readOnly(content, TAG.sequence)) : content };
}

/** The parts of a directory name, outermost first; nearly always of one attribute each. */
const partsOf = (content: Uint8Array): readonly (readonly Attribute[])[] =>
  must(readElements(content)).map((set) =>
    must(readElements(set.content)).map((each) => {
      const [type, value] = must(readElements(each.content));
      return { oid: must(readOid(must(type).content)), value: must(value) };
    }),
  );

/** Names that differ in case, in spaces or in the kind of string are the same. */
function normalized({ tag, content }: Name): string {
  const bytes = Buffer.from(content);
  const text = STRINGS[tag]?.(bytes) ?? `#${tag} ${bytes.toString("hex")}`;
  return text.toLowerCase().trim().replace(/\s+/g, " ");
}

const describePart = (attributes: readonly Attribute[]): string =>
  attributes
    .map(({ oid, value }) => `${oid}=${normalized(value)}`)
    .sort()
    .join("\0");

/** A base with a dot in front covers the hosts below it, one without covers this host only. */
const covers = (base: string, host: string): boolean => (base.startsWith(".") ? host.endsWith(base) : host === base);

function isEmailWithin(mailbox: string, base: string): boolean {
  const at = mailbox.lastIndexOf("@");
  if (at < 1) throw new Malformed();
  const host = mailbox.slice(at + 1).toLowerCase();
  const baseAt = base.lastIndexOf("@");
  if (baseAt === -1) return covers(base.toLowerCase(), host);
  return mailbox.slice(0, at) === base.slice(0, baseAt) && host === base.slice(baseAt + 1).toLowerCase();
}

function isAddressWithin(address: Uint8Array, base: Uint8Array): boolean {
  const { length } = address;
  if (![4, 16].includes(length) || ![8, 32].includes(base.length)) throw new Malformed();
  const masked = (byte: number | undefined, index: number) => (byte ?? 0) & (base[length + index] ?? 0);
  return (
    base.length === 2 * length && address.every((byte, index) => masked(byte, index) === masked(base[index], index))
  );
}

function isDirectoryWithin(name: Uint8Array, base: Uint8Array): boolean {
  const parts = partsOf(name).map(describePart);
  return partsOf(base).every((part, index) => describePart(part) === parts[index]);
}

function isWithin({ tag, content }: Name, base: Uint8Array): boolean {
  switch (tag) {
    case KIND.dns: {
      const [host, domain] = [lower(content).replace(/\.$/, ""), lower(base)];
      return domain === "" || host === domain || host.endsWith(domain.startsWith(".") ? domain : `.${domain}`);
    }
    case KIND.email:
      return isEmailWithin(textOf(content), textOf(base));
    case KIND.uri: {
      const [, host] = /^[a-z][a-z\d+.-]*:\/\/(?:[^/?#@]*@)?([^/?#@:[\]]+)(?:[/?#:]|$)/i.exec(textOf(content)) ?? [];
      return covers(lower(base), must(host).toLowerCase());
    }
    case KIND.ip:
      return isAddressWithin(content, base);
    case KIND.directory:
      return isDirectoryWithin(content, base);
    default:
      throw new Malformed();
  }
}

/** The bases of permitted and of excluded subtrees. */
type Constraints = ReadonlyMap<number, readonly Name[]>;

function constraintsOf(value: Uint8Array): Constraints {
  const lists = must(readSequence(value)).map(({ tag, content }) => {
    const bases = must(readElements(content)).map((subtree) => {
      const [base, ...bounds] = must(readElements(subtree.content));
      if (bounds.length > 0) throw new Malformed();
      return generalName(must(base));
    });
    if (tag !== PERMITTED && tag !== EXCLUDED) throw new Malformed();
    return [tag, bases] as const;
  });
  return new Map(lists);
}

/** The names of a certificate: the subject, the alternative names, and hosts and mailboxes within the subject. */
function namesOf({ subject, extensions }: Certificate, isLeaf: boolean): readonly Name[] {
  const alternative = extensions.get(SUBJECT_ALT_NAME);
  const names = alternative === undefined ? [] : must(readSequence(alternative.value)).map(generalName);
  const hasHost = names.some(({ tag }) => tag === KIND.dns);
  const within = partsOf(subject)
    .flat()
    .flatMap(({ oid, value: { content } }): Name[] => {
      if (oid === EMAIL_ADDRESS) return [{ tag: KIND.email, content }];
      // As OpenSSL has it: a common name in the form of a host name is one, where there is no other.
      const isHost = oid === COMMON_NAME && isLeaf && !hasHost && HOST_NAME.test(textOf(content));
      return isHost ? [{ tag: KIND.dns, content }] : [];
    });
  return [...(subject.length > 0 ? [{ tag: KIND.directory, content: subject }] : []), ...names, ...within];
}

function obeys(name: Name, constraints: Constraints): boolean {
  const ofKind = (list: number) => constraints.get(list)?.filter(({ tag }) => tag === name.tag) ?? [];
  const permitted = ofKind(PERMITTED);
  const isPermitted = permitted.length === 0 || permitted.some(({ content }) => isWithin(name, content));
  return isPermitted && !ofKind(EXCLUDED).some(({ content }) => isWithin(name, content));
}

/**
 * Tells whether every certificate of a chain is within the constraints of those above it. Intermediates that issued
 * themselves are exempt.
 *
 * @param chain the authority first, the leaf last
 */
export function isWithinConstraints(chain: readonly Certificate[]): boolean {
  try {
    return chain.every((issuer, index) => {
      const extension = issuer.extensions.get(NAME_CONSTRAINTS);
      if (extension === undefined) return true;
      const constraints = constraintsOf(extension.value);
      return chain.slice(index + 1).every((each) => {
        const isLeaf = each === chain.at(-1);
        if (!isLeaf && each.x509.subject === each.x509.issuer) return true;
        return namesOf(each, isLeaf).every((name) => obeys(name, constraints));
      });
    });
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}
