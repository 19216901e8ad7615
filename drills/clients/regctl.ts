import { HELLO } from "../../tests/clients/demo-content.ts";
import { linesOf, mustBe, REFERRERS } from "./expected.ts";
import { layoutSession } from "./layouts.ts";
import type { Client } from "./scenarios.ts";
import { USER } from "./sites.ts";
import { toolIn } from "./tool.ts";

export const regctl: Client = {
  name: "regctl",
  programs: ["regctl"],
  source: "`go install github.com/regclient/regclient/cmd/regctl@v0.11.7`",
  async open(sites, home) {
    const run = toolIn(home, ["regctl"]);
    for (const host of [sites.demo, sites.closed, sites.serving])
      await run("registry", "set", "--skip-check", "--tls", "disabled", host);
    const referrersOf = async (image: string) => {
      const { descriptors } = JSON.parse(await run("artifact", "list", "--format", "{{json .}}", image));
      mustBe(descriptors.map(({ artifactType }: { artifactType: string }) => artifactType).sort(), REFERRERS);
    };
    const client = {
      version: /^VCSTag: +(\S+)/.exec(await run("version"))?.[1] ?? "",
      isTerse: false,
      pull: (image: string, target: string, ...more: readonly string[]) =>
        run("image", "copy", ...more, image, `ocidir://${target}:pulled`),
      tagsOf: async (name: string) => linesOf(await run("tag", "ls", name)),
      namesOf: async (host: string) => linesOf(await run("repo", "ls", host)),
      platform: (platform: string) => ["--platform", platform],
      login: (host: string, password: string) => run("registry", "login", host, "-u", USER, "-p", password),
      schema1: (attempt: () => Promise<unknown>) => attempt,
      ways: {
        inspect: async () =>
          mustBe((await run("image", "digest", `${sites.demo}/demo/hello`)).trim(), HELLO.index.digest),
        referrers: () => referrersOf(`${sites.demo}/demo/hello@${HELLO.index.digest}`),
        referrersOfTag: () => referrersOf(`${sites.demo}/demo/hello:latest`),
        treeReferrersOfTag: () => referrersOf(`${sites.demo}/demo/tree:latest`),
      },
    };
    return layoutSession(client, sites, home);
  },
};
