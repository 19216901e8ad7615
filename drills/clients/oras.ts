import { HELLO } from "../../tests/clients/demo-content.ts";
import { linesOf, mustBe, REFERRERS } from "./expected.ts";
import { layoutSession } from "./layouts.ts";
import type { Client } from "./scenarios.ts";
import { USER } from "./sites.ts";
import { toolIn } from "./tool.ts";

const BY_HEAD = "takes the digest of a tag from HEAD only, in Docker-Content-Digest, which a static host does not send";

export const oras: Client = {
  name: "oras",
  programs: ["oras"],
  source: "`go install oras.land/oras/cmd/oras@v1.3.6`",
  async open(sites, home) {
    const run = toolIn(home, ["oras"]);
    const discover = async (image: string) => {
      const { referrers } = JSON.parse(await run("discover", "--plain-http", "--format", "json", image));
      mustBe(referrers.map(({ artifactType }: { artifactType: string }) => artifactType).sort(), REFERRERS);
    };
    const inspect = async (image: string) =>
      mustBe(
        JSON.parse(await run("manifest", "fetch", "--plain-http", "--descriptor", image)).digest,
        HELLO.index.digest,
      );
    const client = {
      version: /^Version: +(\S+)/.exec(await run("version"))?.[1] ?? "",
      isTerse: true,
      pull: (image: string, target: string, ...more: readonly string[]) =>
        run("copy", "--from-plain-http", "--to-oci-layout", ...more, image, `${target}:pulled`),
      tagsOf: async (name: string) => linesOf(await run("repo", "tags", "--plain-http", name)),
      namesOf: async (host: string) => linesOf(await run("repo", "ls", "--plain-http", host)),
      platform: (platform: string) => ["--platform", platform],
      login: (host: string, password: string) => run("login", "--plain-http", "-u", USER, "-p", password, host),
      schema1: (attempt: () => Promise<unknown>) => ({ attempt, limit: "asks for no manifests of schema 1" }),
      ways: {
        inspect: () => inspect(`${sites.demo}/demo/hello:latest`),
        referrers: () => discover(`${sites.demo}/demo/hello@${HELLO.index.digest}`),
        referrersOfTag: () => discover(`${sites.demo}/demo/hello:latest`),
        treeReferrersOfTag: { attempt: () => discover(`${sites.demo}/demo/tree:latest`), limit: BY_HEAD },
      },
    };
    return layoutSession(client, sites, home);
  },
};
