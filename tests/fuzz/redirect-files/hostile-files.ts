/** Redirect files with something wrong in them, by their structure and by their bytes. */
import { SOUND } from "../../core/redirect-file/samples.ts";
import { descriptorOf } from "../../harness/redirect-files.ts";
import type { Random } from "../random.ts";

const encoder = new TextEncoder();
const SOURCES = Object.values(SOUND).map((file) => JSON.stringify(file));

const deep = (open: string, close: string, levels: number): string => open.repeat(levels) + close.repeat(levels);

/** Values in the place of values: what JSON can hold and nobody expects. */
const VALUES: readonly (() => string)[] = [
  ...[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1e999",
    "-1e999",
    "1e-999",
    "5",
    "2.0",
    "5.0000000000000001",
    "9".repeat(400),
  ],
  ...[
    '""',
    '"x"',
    "[]",
    "{}",
    "[[]]",
    '[""]',
    "[null]",
    "[1]",
    '{"":""}',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
  ],
  ...['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}', '["__proto__","constructor"]'],
  ...[
    '"http://h/a\\r\\nX-Evil: 1/"',
    '"http://h/\\n"',
    '"http://h/\\u2028"',
    '"http://h/ "',
    '"http://h/é"',
    '"http://[::1"',
  ],
  ...[
    '"//h/"',
    '"javascript:alert(1)"',
    '"http://h/?q"',
    '"http://h/#f"',
    '"http://u:p@h/"',
    '"http:///h"',
    '"HTTP://H/../.."',
  ],
  ...[
    '"http://h\\\\@evil/"',
    '"http://h/%0d%0a"',
    '"file:///etc/passwd"',
    '"http://h/<fuzz>"',
    '"https://xn--/"',
    '"http://h:99999/"',
  ],
  ...[
    '"team/app"',
    '"control"',
    '"../../etc"',
    '"a//b"',
    '"A"',
    '"a/./b"',
    `"${"a".repeat(256)}"`,
    '"constructor"',
    '"f1"',
    '"f2"',
  ],
  ...[
    '"latest"',
    '"a\\r\\nb"',
    '"sha256:x"',
    `"sha256:${"a".repeat(64)}"`,
    `["latest","sha256:${"a".repeat(64)}"]`,
    '{"latest":["a:b",2]}',
  ],
  ...[
    `{"__proto__":["sha256:${"b".repeat(64)}",1]}`,
    `{"toString":"${"a".repeat(64)}"}`,
    '{"latest":["a:b",2.5]}',
    '["a",2,3]',
  ],
].map((text) => () => text);

const BIG_VALUES: readonly (() => string)[] = [
  () => deep("[", "]", 100_000),
  () => deep('{"a":', "}", 100_000).replace(":}", ":1}"),
  () => deep("[", "]", 63),
  () => deep("[", "]", 65),
  () => `"${"x".repeat(10_000_000)}"`,
  () => `[${Array.from({ length: 100_000 }, (_, n) => `"t${n}"`).join(",")}]`,
  () => `{${Array.from({ length: 20_000 }, (_, n) => `"t${n}":["a:b",${n % 3}]`).join(",")}}`,
  () => "9".repeat(1_000_000),
];

const KEYS = [
  ...[
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "version",
    "url",
    "repo-registry-id",
    "protected",
  ],
  ...[
    "schema1_data",
    "schema2_data",
    "manifest_list_data",
    "manifest_list_amd64_tags",
    "oci_index_data",
    "referrers",
    "tags",
  ],
  ...["images", "repository", "type", "description", "star_count", "", "\\u0000", "URL", "url ", "\\u0075rl", "x"],
];

const BYTES = [
  ...[
    [0xef, 0xbb, 0xbf],
    [0xff, 0xfe],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0],
    [0x1f, 0x8b],
    [0x0d, 0x0a],
  ],
  ...[[0x22], [0x5c], [0x2c], [0x7b], [0x7d], [0x80], [0xff]],
];

/** A value, or a key with it: strings, numbers, words and what is in brackets without others in it. */
const TOKEN = /"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d[\d.eE+-]*|true|false|null|\[[^[\]]*\]|\{[^{}]*\}/g;

type Mutation = (text: string, random: Random) => string;

function replaceValue(text: string, { next }: Random, value: string): string {
  const tokens = [...text.matchAll(TOKEN)];
  const token = tokens[next(tokens.length || 1)];
  return token === undefined ? value : text.slice(0, token.index) + value + text.slice(token.index + token[0].length);
}

/** Right behind an opening brace, or right before a closing one, where an equal key counts. */
function putMember(text: string, { next, once }: Random, member: string): string {
  const places = [...text.matchAll(once(2) ? /\{/g : /\}/g)];
  const place = places[next(places.length || 1)];
  if (place === undefined) return text;
  const isOpening = place[0] === "{";
  const at = place.index + (isOpening ? 1 : 0);
  return text.slice(0, at) + (isOpening ? `${member},` : `,${member}`) + text.slice(at);
}

const STRUCTURAL: readonly Mutation[] = [
  (text, random) => replaceValue(text, random, random.pick(VALUES)()),
  (text, random) => replaceValue(text, random, random.pick(VALUES)()),
  (text, random) => putMember(text, random, `"${random.pick(KEYS)}":${random.pick(VALUES)()}`),
  (text, random) => putMember(text, random, `"${random.pick(KEYS)}":${random.pick(VALUES)()}`),
  (text, { next, pick }) => {
    const keys = [...text.matchAll(/"[^"]*"(?=:)/g)];
    const key = keys[next(keys.length || 1)];
    return key === undefined
      ? text
      : `${text.slice(0, key.index)}"${pick(KEYS)}"${text.slice(key.index + key[0].length)}`;
  },
  (text, { next }) => text.replace(/"version":\d/, `"version":${next(7)}`),
  (text, { next, pick }) => {
    const at = next(text.length + 1);
    return (
      text.slice(0, at) +
      pick([" ", "\n", "\t", ",", ":", "}", "]", "{", "[", '"', "\\", "//", "\ufeff", "\0", "é"]) +
      text.slice(at)
    );
  },
  (text, { next }) => text.slice(0, next(text.length + 1)),
  (text, { next }) => {
    const [from, to] = [next(text.length + 1), next(text.length + 1)];
    return text.slice(0, from) + text.slice(to);
  },
  (text) => text + text,
];

const INSIDE = [
  '{"schemaVersion":1,"fsLayers":[{"blobSum":"x"}]}',
  '{"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"d","size":1}]}',
  `{"layers":[],"subject":{"mediaType":"a/b","digest":"sha256:${"d".repeat(64)}","size":2},"annotations":{"a":"b"}}`,
  `{"artifactType":"a/b","layers":[{"mediaType":"a/b","digest":"sha256:${"e".repeat(64)}","size":0}]}`,
];

/** A file of version 6 whose manifests say anything, and whose digests and sizes are right nevertheless. */
function sealed(random: Random): string {
  const sound = JSON.parse(JSON.stringify(SOUND["6"]));
  const contents = [...INSIDE, ...sound.manifests.map(({ data }: { readonly data: string }) => atob(data))];
  const manifests = Array.from({ length: 1 + random.next(3) }, () => {
    let text: string = random.pick(contents);
    for (let times = random.next(3); times > 0; times--) text = random.pick(STRUCTURAL)(text, random);
    const types = [sound.manifests[0].mediaType, "application/vnd.oci.image.index.v1+json", "a/b"];
    return descriptorOf(random.pick(types), text, random.once(4) ? "sha512" : "sha256");
  });
  const tags = { latest: manifests[0]?.digest, all: manifests.map(({ digest }) => digest) };
  const blobs = random.pick(["blobs/{digest}", "{hex:2}/{hex}", "http://h/{algorithm}/{hex}", "b/{hex}/../x", "x"]);
  return JSON.stringify({ ...sound, manifests, tags, ...(random.once(2) && { blobs }) });
}

function breakBytes(bytes: Uint8Array, { next, pick, once }: Random): Uint8Array {
  const at = once(3) ? 0 : next(bytes.length + 1);
  const piece = pick(BYTES);
  const kept = once(2) ? at : Math.min(bytes.length, at + piece.length);
  return Buffer.concat([bytes.subarray(0, at), Uint8Array.from(piece), bytes.subarray(kept)]);
}

/** @param own what it is to be called, and where it leads, unless that is what is changed */
export function hostileFile(random: Random, own?: { readonly name: string; readonly url: string }): Uint8Array {
  const { next, pick, once } = random;
  let text = once(6) ? sealed(random) : pick(SOURCES);
  if (own !== undefined) text = text.replace('"team/app"', `"${own.name}"`).replace(/"https:[^"]*"/, `"${own.url}"`);
  if (once(2000)) text = replaceValue(text, random, pick(BIG_VALUES)());
  for (let times = next(4); times > 0; times--) text = pick(STRUCTURAL)(text, random);
  const bytes = encoder.encode(text);
  return once(5) ? breakBytes(bytes, random) : bytes;
}
