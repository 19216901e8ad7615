import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildDemo } from "../../lib/demo/demo.ts";

const { objects, redirectFiles } = buildDemo("http://127.0.0.1:5000");
const machine = process.arch === "arm64" ? "arm64" : "amd64";
const isLinux = process.platform === "linux";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "craned-demo-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function bytesAt(path: string): Uint8Array {
  const object = objects.get(path);
  if (object === undefined) throw new Error(`nothing at ${path}`);
  return object.bytes;
}

const jsonAt = (path: string) => JSON.parse(new TextDecoder().decode(bytesAt(path)));

/** Unpacks a layer with the system's tar, which warns of whatever is not as it should be. */
async function unpack(path: string): Promise<string> {
  const target = await mkdtemp(join(directory, "layer-"));
  const { stderr, exitCode } = Bun.spawnSync(["tar", "-xzf", "-", "-C", target], { stdin: bytesAt(path) });
  expect({ stderr: stderr.toString(), exitCode }).toEqual({ stderr: "", exitCode: 0 });
  return target;
}

function run(program: string) {
  const { stdout, exitCode } = Bun.spawnSync([program]);
  return { stdout: stdout.toString(), exitCode };
}

const v2Greetings = [
  ["demo-tree", "index/latest", "oci", "demo/hello"],
  ["demo-tree", "list/list", "2", "demo/hello"],
  ["demo-both", "list/latest", "2", "demo/both, a v2 image"],
] as const;

test.if(isLinux).each(v2Greetings)("%s: a program greets from %s", async (repository, list, kind, what) => {
  const { manifests } = jsonAt(`v2/${repository}/manifests/${list}`);
  const image = manifests.find(
    ({ platform }: { platform: { architecture: string } }) => platform.architecture === machine,
  );
  const { layers } = jsonAt(`v2/${repository}/manifests/${kind}/${image.digest}`);
  const root = await unpack(`v2/${repository}/blobs/${layers[1].digest}`);
  const stdout = `Hello from craned! This is ${what} for linux/${machine}.\n`;
  expect(run(join(root, "hello"))).toEqual({ stdout, exitCode: 0 });
});

// Images of the v1 API are for one architecture.
test.if(isLinux && machine === "amd64").each(["demo/legacy", "demo/both"])(
  "%s: a program says its tag",
  async (name) => {
    const repository = name.replace("/", "-");
    const { tags } = JSON.parse(redirectFiles.get(`v1-${repository}.json`) ?? "");
    expect(Object.keys(tags)).toEqual(["1-ubuntu", "latest"]);
    for (const [tag, id] of Object.entries(tags)) {
      const root = await unpack(`v1/${repository}/${id}/layer`);
      const stdout = `Hello from craned! This is ${name}:${tag}, a v1 image.\n`;
      expect(run(join(root, "hello"))).toEqual({ stdout, exitCode: 0 });
    }
  },
);

test("the first layer of an image says where it is from", async () => {
  const { layers } = jsonAt("v2/demo-tree/manifests/2/1.0");
  const root = await unpack(`v2/demo-tree/blobs/${layers[0].digest}`);
  expect(await Bun.file(join(root, "etc/os-release")).text()).toContain("ID=craned-demo\n");
});
