import { HELLO } from "../../tests/clients/demo-content.ts";
import { linesOf, mustBe, NO_COMMAND } from "./expected.ts";
import { layoutSession } from "./layouts.ts";
import type { Client } from "./scenarios.ts";
import { USER } from "./sites.ts";
import { toolIn } from "./tool.ts";

export const crane: Client = {
  name: "crane",
  programs: ["crane"],
  source: "`go install github.com/google/go-containerregistry/cmd/crane@v0.22.1`",
  async open(sites, home) {
    const run = toolIn(home, ["crane"]);
    const client = {
      version: (await run("version")).trim(),
      isTerse: false,
      pull: (image: string, target: string, ...more: readonly string[]) =>
        run("pull", "--format", "oci", ...more, image, target),
      tagsOf: async (name: string) => linesOf(await run("ls", name)),
      namesOf: async (host: string) => linesOf(await run("catalog", host)),
      platform: (platform: string) => ["--platform", platform],
      login: (host: string, password: string) => run("auth", "login", host, "-u", USER, "-p", password),
      schema1: (attempt: () => Promise<unknown>) => ({ attempt, limit: "reads no manifests of schema 1" }),
      ways: {
        inspect: async () => {
          mustBe((await run("digest", `${sites.demo}/demo/hello`)).trim(), HELLO.index.digest);
          await run("validate", "--remote", `${sites.demo}/demo/hello`);
        },
        referrers: NO_COMMAND,
        referrersOfTag: NO_COMMAND,
        treeReferrersOfTag: NO_COMMAND,
      },
    };
    return layoutSession(client, sites, home);
  },
};
