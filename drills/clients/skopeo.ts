import { join } from "node:path";
import {
  expectedDirectory,
  HELLO,
  hashedFiles,
  imageFor,
  type Published,
  sha256,
} from "../../tests/clients/demo-content.ts";
import { ABSENT, linesOf, mustBe, NO_COMMAND, TAGS } from "./expected.ts";
import type { Client } from "./scenarios.ts";
import { MANY_TAGS, MIRRORED, PASSWORD, USER, writeMirrors } from "./sites.ts";
import { toolIn } from "./tool.ts";

export const skopeo: Client = {
  name: "skopeo",
  programs: ["skopeo"],
  source: "`apt-get install skopeo`",
  async open({ demo, closed, serving, mirror }, home) {
    const run = toolIn(home, [
      "skopeo",
      "--override-os",
      "linux",
      "--registries-conf",
      await writeMirrors(home, mirror),
    ]);
    const authFile = ["--authfile", join(home, "auth.json")];
    let copies = 0;
    const copy = async (
      image: string,
      manifest: Uint8Array,
      leading: readonly string[],
      ...more: readonly string[]
    ) => {
      const target = join(home, `copy-${copies++}`);
      await run(...leading, "copy", ...more, "--src-tls-verify=false", `docker://${image}`, `dir:${target}`);
      mustBe(hashedFiles(target), expectedDirectory(manifest));
    };
    const whole = ({ bytes, tag }: Published, host = demo) => copy(`${host}/demo/hello:${tag}`, bytes, [], "--all");
    const none = (image: string) => copy(image, new Uint8Array(), []);
    const login = (password: string) =>
      run("login", ...authFile, "--tls-verify=false", "-u", USER, "-p", password, closed);
    const tagsOf = async (name: string): Promise<unknown> =>
      JSON.parse(await run("list-tags", "--tls-verify=false", `docker://${name}`)).Tags;

    const [version = ""] = linesOf(await run("--version"));
    return {
      version: version.replace("skopeo version ", ""),
      ways: {
        tags: async () => mustBe(await tagsOf(`${demo}/demo/hello`), TAGS),
        manyTags: async () => mustBe(await tagsOf(`${serving}/drill/many`), MANY_TAGS),
        catalogue: NO_COMMAND,
        inspect: async () => {
          const image = `docker://${demo}/demo/hello`;
          mustBe(JSON.parse(await run("inspect", "--tls-verify=false", image)).Digest, HELLO.index.digest);
          const raw = await run("inspect", "--raw", "--tls-verify=false", image);
          mustBe(sha256(raw), sha256(HELLO.index.bytes));
        },
        index: () => whole(HELLO.index),
        list: () => whole(HELLO.list),
        oci: () => whole(HELLO.oci),
        schema2: () => whole(HELLO.schema2),
        schema1: () => whole(HELLO.schema1),
        digest: () => copy(`${demo}/demo/hello@${HELLO.list.digest}`, HELLO.list.bytes, [], "--all"),
        platform: () =>
          copy(`${demo}/demo/hello:list`, imageFor("arm64", HELLO.list.bytes), ["--override-arch", "arm64"]),
        missingTag: () => none(`${demo}/demo/hello:missing`),
        missingDigest: () => none(`${demo}/demo/hello@${ABSENT}`),
        unknownName: () => none(`${demo}/demo/nothing`),
        v1Name: () => none(`${demo}/demo/legacy`),
        v1Tag: () => none(`${demo}/demo/both:1-ubuntu`),
        noPassword: () => none(`${closed}/demo/hello:1.0`),
        wrongPassword: () => login("wrong"),
        password: async () => {
          await login(PASSWORD);
          await copy(`${closed}/demo/hello:1.0`, HELLO.schema2.bytes, [], ...authFile);
        },
        protectedName: () => copy(`${closed}/demo/closed:1.0`, HELLO.schema2.bytes, [], ...authFile),
        referrers: NO_COMMAND,
        referrersOfTag: NO_COMMAND,
        tree: () => copy(`${demo}/demo/tree:latest`, HELLO.index.bytes, [], "--all"),
        treeReferrersOfTag: NO_COMMAND,
        mirror: () => copy(MIRRORED, HELLO.index.bytes, [], "--all"),
        served: () => whole(HELLO.index, serving),
      },
    };
  },
};
