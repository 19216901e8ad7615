/** The clients that bring an image home as an OCI layout: oras, crane, regctl. */
import { join } from "node:path";
import { blobsOf, HELLO, type Published } from "../../tests/clients/demo-content.ts";
import { absentIn, allPartsOf, imageOf, mustBe, mustBeLayout, NAMES, partsOf, TAGS } from "./expected.ts";
import type { Session, Way } from "./scenarios.ts";
import { MANY_TAGS, PASSWORD, type Sites } from "./sites.ts";

/** One of these clients: the parts in which they differ. */
export interface LayoutClient {
  readonly version: string;
  readonly isTerse: boolean;
  /** @param target a directory that is not there yet */
  readonly pull: (image: string, target: string, ...more: readonly string[]) => Promise<unknown>;
  readonly tagsOf: (name: string) => Promise<readonly string[]>;
  readonly namesOf: (host: string) => Promise<readonly string[]>;
  /** Options by which it takes one image out of a list. */
  readonly platform: (platform: string) => readonly string[];
  readonly login: (host: string, password: string) => Promise<unknown>;
  readonly schema1: (attempt: () => Promise<unknown>) => Way;
  readonly ways: Pick<Session["ways"], "inspect" | "referrers" | "referrersOfTag" | "treeReferrersOfTag">;
}

/** Makes the session of such a client. */
export function layoutSession(client: LayoutClient, { demo, closed, serving }: Sites, home: string): Session {
  const { pull, tagsOf, namesOf, login } = client;
  let layouts = 0;
  const mustPull = async (image: string, parts: readonly string[], ...more: readonly string[]) => {
    const target = join(home, `layout-${layouts++}`);
    await pull(image, target, ...more);
    mustBeLayout(target, parts);
  };
  const whole = (published: Published, host = demo) =>
    mustPull(`${host}/demo/hello:${published.tag}`, allPartsOf(published));
  const signed = async ({ tag, digest, bytes }: Published) => {
    const target = join(home, `layout-${layouts++}`);
    await pull(`${demo}/demo/hello:${tag}`, target);
    const hex = digest.slice("sha256:".length);
    mustBeLayout(target, [hex, ...blobsOf(bytes)], hex);
  };
  const none = (image: string) => mustPull(image, []);
  return {
    version: client.version,
    isTerse: client.isTerse,
    ways: {
      ...client.ways,
      tags: async () => mustBe(await tagsOf(`${demo}/demo/hello`), TAGS),
      manyTags: async () => mustBe(await tagsOf(`${serving}/drill/many`), MANY_TAGS),
      catalogue: async () => mustBe(await namesOf(demo), NAMES),
      index: () => whole(HELLO.index),
      list: () => whole(HELLO.list),
      oci: () => whole(HELLO.oci),
      schema2: () => whole(HELLO.schema2),
      schema1: client.schema1(() => signed(HELLO.schema1)),
      digest: () => mustPull(`${demo}/demo/hello@${HELLO.list.digest}`, allPartsOf(HELLO.list)),
      platform: () =>
        mustPull(`${demo}/demo/hello:list`, partsOf(imageOf(HELLO.list, "arm64")), ...client.platform("linux/arm64")),
      ...absentIn(demo, none),
      noPassword: () => none(`${closed}/demo/hello:1.0`),
      wrongPassword: async () => {
        await login(closed, "wrong");
        await none(`${closed}/demo/hello:1.0`);
      },
      password: async () => {
        await login(closed, PASSWORD);
        await mustPull(`${closed}/demo/hello:1.0`, allPartsOf(HELLO.schema2));
      },
      protectedName: () => none(`${closed}/demo/closed:1.0`),
      tree: () => mustPull(`${demo}/demo/tree:latest`, allPartsOf(HELLO.index)),
      mirror: { lacks: "has no mirrors of manifests" },
      served: () => whole(HELLO.index, serving),
    },
  };
}
