/** containerd, by name and as a client of mirrors, which names the registry that it means with `?ns=`. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { buildDemo } from "../../lib/demo/demo.ts";
import { type Containerd, startContainerd } from "../harness/containerd.ts";
import { type Craned, scratch, serveDirectory, startCraned } from "../harness/craned.ts";
import { describeWith, leftovers } from "../harness/programs.ts";
import { type Recorder, recordRequests } from "../harness/recorder.ts";
import { digest } from "../harness/redirect-files.ts";
import { blobsOf, HELLO, imageFor, sha256 } from "./demo-content.ts";

setDefaultTimeout(180_000);

/** This machine's architecture, as images call it. */
const HERE = process.arch === "arm64" ? "arm64" : "amd64";

/** All of an image, as containerd keeps it. */
function partsOf({ digest, bytes }: (typeof HELLO)["index"]): string[] {
  const image = imageFor(HERE, bytes);
  return [digest, ...[sha256(image), ...blobsOf(image)].map((hex) => `sha256:${hex}`)].sort();
}

describeWith(["containerd", "ctr"], "containerd", () => {
  const afterwards = leftovers();
  let demo: Craned;
  let containerd: Containerd;
  beforeAll(async () => {
    demo = await startCraned(["demo", "--port", "0", "--host", "127.0.0.1"]);
    afterwards(demo.stop);
    containerd = await startContainerd();
    afterwards(containerd.stop);
  });

  test.each(["hello:latest", `hello@${HELLO.index.digest}`, "tree:latest"])("pulls %s", async (image) => {
    const pulled = await containerd.pull(`127.0.0.1:${demo.port}/demo/${image}`);
    expect([...pulled].sort()).toEqual(partsOf(HELLO.index));
  });

  test.each(["hello:missing", `hello@${digest("0")}`, "nothing:latest", "both:1-ubuntu"])(
    "does not find %s",
    async (image) => {
      await expect(containerd.pull(`127.0.0.1:${demo.port}/demo/${image}`)).rejects.toThrow(": not found");
    },
  );

  /** Sends containerd to a mirror for all registries, and nowhere else. */
  async function withMirror(table: string): Promise<{ readonly hosts: string; readonly recorder: Recorder }> {
    const work = scratch({ "crane.conf": table });
    afterwards(work.remove);
    const { redirectFiles } = buildDemo(demo.origin);
    const hello = JSON.parse(redirectFiles.get("v2-demo-hello.json") ?? "");
    work.write("data/hub.json", { ...hello, "repo-registry-id": "hub/library/hello" });
    const craned = await serveDirectory(join(work.path, "data"), { args: ["--config", join(work.path, "crane.conf")] });
    afterwards(craned.stop);
    const recorder = await recordRequests(craned.port);
    afterwards(recorder.stop);
    const mirror = `"http://${recorder.host}"`;
    const settings = `server = ${mirror}\n[host.${mirror}]\n  capabilities = ["pull", "resolve"]\n`;
    for (const registry of ["docker.io", "registry.test"]) work.write(`hosts/${registry}/hosts.toml`, settings);
    return { hosts: join(work.path, "hosts"), recorder };
  }

  test("pulls from a mirror of the registry that it names", async () => {
    const { hosts, recorder } = await withMirror("[mirror]\ndocker.io = hub/\n");
    const pulled = await containerd.pull("docker.io/library/hello:latest", "--hosts-dir", hosts);
    expect([...pulled].sort()).toEqual(partsOf(HELLO.index));
    expect(recorder.requests()[0]).toBe("HEAD /v2/library/hello/manifests/latest?ns=docker.io");
  });

  test("finds nothing of a registry that is not in the table", async () => {
    const { hosts } = await withMirror("[mirror]\ndocker.io = hub/\n");
    const pulling = containerd.pull("registry.test/hub/library/hello:latest", "--hosts-dir", hosts);
    await expect(pulling).rejects.toThrow(": not found");
  });
});
