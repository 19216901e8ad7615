import type { Readable } from "node:stream";
import registry from "docker-registry-client";
import manifest from "docker-registry-client/package.json";
import { blobsOf, HELLO, imageFor, type Published, sha256, v1Image } from "../../tests/clients/demo-content.ts";
import { bytesOf, pullOverV1, pullWithFailOver, resultOf } from "../../tests/clients/old-docker.ts";
import type { Client } from "./deeds.ts";
import { ABSENT, mustBe, TAGS } from "./expected.ts";
import { MANY_TAGS, PASSWORD, USER } from "./sites.ts";

const NO_FUNCTION = { lacks: "no function for it" };

type V2 = ReturnType<typeof registry.createClientV2>;

async function withClient<Value>(
  name: string,
  use: (client: V2) => Promise<Value>,
  login: { readonly username?: string; readonly password?: string } = {},
): Promise<Value> {
  const client = registry.createClientV2({ name, ...login });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

function manifestOf(client: V2, ref: string, options: object): Promise<string> {
  return new Promise((resolve, reject) => {
    client.getManifest({ ref, ...options }, (failure, _manifest, _response, text) =>
      // Its failures say nothing but which status they are.
      failure ? reject(new Error(failure.message || `${failure.statusCode} ${failure.name}`)) : resolve(text),
    );
  });
}

/** Up to schema 2 and lists, and what is OCI's. */
const MODERN = { maxSchemaVersion: 2, acceptManifestLists: true };

/** The manifest, and the blobs if it is of an image. */
async function pull(name: string, ref: string, options: object, bytes: Uint8Array, login = {}): Promise<void> {
  await withClient(
    name,
    async (client) => {
      mustBe(sha256(await manifestOf(client, ref, options)), sha256(bytes));
      for (const hex of blobsOf(bytes)) {
        const digest = `sha256:${hex}`;
        const stream = await resultOf<Readable>((done) => client.createBlobReadStream({ digest }, done));
        mustBe(sha256(await bytesOf(stream)), hex);
      }
    },
    login,
  );
}

async function failOver(name: string, short: string): Promise<void> {
  const { ancestry, images } = await pullWithFailOver(name, "1-ubuntu");
  const expected = ancestry.map((id) => v1Image(short, id));
  mustBe(
    images.map(({ json, layer }) => [json, sha256(layer)]),
    expected.map(({ json, layer }) => [json, sha256(layer)]),
  );
}

const tagsOf = (name: string): Promise<readonly string[]> =>
  withClient(name, async (client) => {
    const { tags } = await resultOf<{ tags: string[] }>((done) => client.listTags(done));
    return tags;
  });

export const dockerRegistryClient: Client = {
  name: "docker-registry-client",
  programs: [],
  source: "among the development dependencies",
  async open({ demo, closed, serving }) {
    const hello = `${demo}/demo/hello`;
    const byTag = ({ tag, bytes }: Published, host = demo) => pull(`${host}/demo/hello`, tag, MODERN, bytes);
    const none = (name: string, ref: string, login = {}) => pull(name, ref, MODERN, new Uint8Array(), login);
    const as = (password: string) => ({ username: USER, password });
    return {
      version: manifest.version,
      isTerse: true,
      ways: {
        tags: async () => mustBe(await tagsOf(hello), TAGS),
        manyTags: async () => mustBe(await tagsOf(`${serving}/drill/many`), MANY_TAGS),
        catalogue: NO_FUNCTION,
        inspect: () => withClient(hello, (client) => manifestOf(client, "1.0", MODERN)),
        index: () => byTag(HELLO.index),
        list: () => byTag(HELLO.list),
        oci: () => byTag(HELLO.oci),
        schema2: () => byTag(HELLO.schema2),
        schema1: () => pull(hello, HELLO.schema1.tag, {}, HELLO.schema1.bytes),
        digest: () => pull(hello, HELLO.schema2.digest, MODERN, HELLO.schema2.bytes),
        platform: async () => {
          const bytes = imageFor("arm64", HELLO.list.bytes);
          await pull(hello, `sha256:${sha256(bytes)}`, MODERN, bytes);
        },
        missingTag: () => none(hello, "missing"),
        missingDigest: () => none(hello, ABSENT),
        unknownName: () => none(`${demo}/demo/nothing`, "latest"),
        v1Name: () => none(`${demo}/demo/legacy`, "latest"),
        v1Tag: () => none(`${demo}/demo/both`, "1-ubuntu"),
        failOver: async () => {
          await failOver(`${demo}/demo/both`, "demo/both");
          await failOver(`${demo}/demo/legacy`, "demo/legacy");
        },
        v1Missing: () => pullOverV1(`${demo}/demo/legacy`, "missing"),
        noPassword: () => none(`${closed}/demo/hello`, "1.0"),
        wrongPassword: () => none(`${closed}/demo/hello`, "1.0", as("wrong")),
        password: () => pull(`${closed}/demo/hello`, "1.0", MODERN, HELLO.schema2.bytes, as(PASSWORD)),
        protectedName: () => none(`${closed}/demo/closed`, "1.0", as(PASSWORD)),
        referrers: NO_FUNCTION,
        referrersOfTag: NO_FUNCTION,
        referrersOfServedTag: NO_FUNCTION,
        served: () => byTag(HELLO.list, serving),
      },
    };
  },
};
