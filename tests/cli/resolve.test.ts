import { afterAll, describe, expect, test } from "bun:test";
import { runCraned, scratch } from "../harness/craned.ts";
import { descriptorOf, digest, hex, OCI, SCHEMA_2, v1, v5, v6 } from "../harness/redirect-files.ts";

const ID = hex("a");
const image = descriptorOf(OCI, { schemaVersion: 2 });
const large = { mediaType: OCI, digest: digest("9"), size: 5_000_000 };

const { path, remove } = scratch({
  "app.json": v5("team/app", { schema2_data: ["1.0", digest("1")] }),
  "app-v1.json": v1("team/app", { url: "http://cdn.test/v1/", images: [], tags: { old: ID } }),
  "only-v1.json": v1("only-v1", { images: [], tags: { old: ID } }),
  "secret.json": v5("secret", { protected: true }),
  "whole.json": v6("whole", {
    manifests: [image, large],
    tags: { latest: image.digest, large: large.digest },
    blobs: "https://pool.test/{hex}",
  }),
  "library.json": v5("library/tool", { schema2_data: ["latest"] }),
  "dotted.json": v5("my.host/tool", { schema2_data: ["latest"] }),
});
afterAll(remove);

const resolve = (...args: string[]) => runCraned(["resolve", "--data-dir", path, ...args]);

describe("craned resolve", () => {
  test("tells which file, which rule, which URL", async () => {
    const { code, out } = await resolve("team/app:1.0");
    expect(code).toBe(0);
    expect(out).toContain(`${path}/app.json, version 5`);
    expect(out).toContain("rule:");
    expect(out).toContain("http://cdn.test/team/app/manifests/2/1.0");
    expect((await resolve(`team/app@${digest("1")}`)).out).toContain(
      `http://cdn.test/team/app/manifests/2/${digest("1")}`,
    );
    expect((await resolve("team/app:old")).out).toContain(`http://cdn.test/v1/${ID}/json`);
  });

  test("tells which manifest a version 6 file has", async () => {
    const { code, out } = await resolve("whole");
    expect(code).toBe(0);
    expect(out).toContain(`digest: ${image.digest}`);
    expect(out).toContain(`size:   ${image.size} bytes, sent by craned itself`);
    expect((await resolve("whole:large")).out).toContain(`url:    https://pool.test/${hex("9")}`);
  });

  test.each([
    [["team/app"], "MANIFEST_UNKNOWN"],
    [["team/app:1.0", "--accept", "application/json"], "in no type that the client accepts"],
    [["team/app:1.0", "--accept", "application/json"], SCHEMA_2],
    [["whole:none"], "MANIFEST_UNKNOWN"],
    [["none"], "NAME_UNKNOWN"],
    [["only-v1"], "MANIFEST_UNKNOWN"],
    [["secret:1.0"], "protected"],
  ])("%j: tells why not, and exits 1", async (args, words) => {
    const { code, out } = await resolve(...args);
    expect(code).toBe(1);
    expect(out).toContain(words);
  });

  test.each([
    ["localhost/team/app:1.0", "localhost"],
    ["localhost:5000/team/app:1.0", "localhost:5000"],
    ["registry.test:5000/team/app", "registry.test:5000"],
    [`registry.test/team/app@${digest("1")}`, "registry.test"],
    ["[::1]:5000/team/app", "[::1]:5000"],
  ])("%s: leaves the host out, and says so", async (asked, host) => {
    const { out, err } = await resolve(asked);
    expect(err).toBe(`note: ${host} is taken as the registry's host and ignored\n`);
    expect(out).toContain("app.json");
  });

  test("takes nothing for a host in the name of a repository that there is", async () => {
    expect(await resolve("my.host/tool")).toMatchObject({ code: 0, err: "" });
  });

  test.each(["tool", "library/whole"])("%s: knows Docker's other spelling of the name", async (name) => {
    expect((await resolve(name)).code).toBe(0);
  });

  test.each(["", "a:b:c", "A", "localhost:5000/", "a@sha256:1", "a/../b"])(
    "%j is not understood, and exits 2",
    async (name) => {
      expect((await resolve(name)).code).toBe(2);
    },
  );

  test("--json prints the same for programs", async () => {
    const json = async (...args: string[]) => JSON.parse((await resolve("--json", ...args)).out);
    expect(await json("localhost:5000/whole")).toEqual({
      host: "localhost:5000",
      name: "whole",
      reference: "latest",
      accept: expect.stringContaining(OCI),
      v2: {
        file: `${path}/whole.json`,
        version: 6,
        found: true,
        rule: expect.any(String),
        manifest: { mediaType: OCI, digest: image.digest, size: image.size },
      },
      v1: { found: false, error: "not found", reason: expect.any(String) },
    });
    expect(await json("team/app:1.0", "--accept", "text/html")).toMatchObject({
      v2: { found: false, error: "MANIFEST_UNKNOWN", types: [SCHEMA_2], file: `${path}/app.json` },
    });
    expect(await json("team/app:old")).toMatchObject({ v1: { found: true, url: `http://cdn.test/v1/${ID}/json` } });
  });
});
