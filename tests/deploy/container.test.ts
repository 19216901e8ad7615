/** The image of the Containerfile: what is in it, and that this is enough. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { version } from "../../package.json" with { type: "json" };
import { type Craned, runCraned, type Scratch, scratch, startCraned } from "../harness/craned.ts";
import { freePort } from "../harness/nginx.ts";
import { freshPodman } from "../harness/podman.ts";
import { describeWith, leftovers, run, succeed } from "../harness/programs.ts";

setDefaultTimeout(240_000);

const ROOT = join(import.meta.dir, "../..");

const Inspected = v.object({
  Id: v.string(),
  User: v.string(),
  Labels: v.record(v.string(), v.string()),
  Healthcheck: v.object({ Test: v.array(v.string()) }),
  Config: v.object({
    Entrypoint: v.array(v.string()),
    Cmd: v.array(v.string()),
    ExposedPorts: v.record(v.string(), v.unknown()),
    StopSignal: v.string(),
  }),
});
type Inspected = v.InferOutput<typeof Inspected>;

/** All regular files below a directory, in bytes. */
const sizeOf = (directory: string): number =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

/** What a program has said up to a word. */
async function untilSaid(stream: ReadableStream<Uint8Array>, word: string): Promise<string> {
  const decoder = new TextDecoder();
  let said = "";
  for await (const chunk of stream) {
    said += decoder.decode(chunk, { stream: true });
    if (said.includes(word)) return said;
  }
  throw new Error(`it ended without "${word}":\n${said}`);
}

/** As root of its own, that nobody can write to, with what every container runtime mounts into it. */
const contained = (root: string, environment: readonly string[], command: readonly string[]): readonly string[] => [
  "unshare",
  "--mount",
  "sh",
  "-ec",
  `root=$1; shift
   mount --bind "$root" "$root"
   mount -o remount,bind,ro "$root"
   mount --rbind /proc "$root/proc"
   mount --rbind /dev "$root/dev"
   mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
   exec "$@"`,
  "sh",
  root,
  ...["env", "-i", ...environment, "/usr/sbin/chroot", "--userspec=65532:65532", root, ...command],
];

describeWith(["buildah", "podman", "unshare"], "the image, built, published, and pulled through craned", () => {
  const afterwards = leftovers();
  let builtId: string;
  let pulled: Inspected;
  let root: string;

  /** Builds as the script says, in a storage of its own. @returns the image's id, and an archive of it */
  async function build(work: Scratch): Promise<{ readonly id: string; readonly archive: string }> {
    const archive = join(work.path, "craned.tar");
    const storage = [
      "--root",
      join(work.path, "built"),
      "--runroot",
      join(work.path, "run"),
      "--storage-driver",
      "vfs",
    ];
    const told = await succeed([process.execPath, join(ROOT, "release/image.ts")]);
    const [buildah = "", bud = "", ...rest] = told.trim().split(" ");
    const flags = ["--isolation", "chroot", "--quiet", ...rest.slice(0, -1), ROOT];
    const id = (await succeed([buildah, ...storage, bud, ...flags])).trim();
    await succeed([buildah, ...storage, "push", "--quiet", id, `docker-archive:${archive}`]);
    await succeed([buildah, ...storage, "rmi", "--all", "--force"]);
    return { id, archive };
  }

  /** Publishes the archive, and serves all of it: the redirects and the content. */
  async function serve(work: Scratch, archive: string): Promise<Craned> {
    const [content, metadata] = [join(work.path, "content"), join(work.path, "metadata")];
    const port = freePort();
    const places = ["--content", content, "--metadata", metadata, "--url", `http://127.0.0.1:${port}/`];
    const published = await runCraned(["publish", archive, "--name", "craned", "--tag", version, ...places]);
    if (published.code !== 0) throw new Error(published.err);
    const served = ["--serve-content-enable", "--serve-content-content-dir-v2", content];
    return startCraned(["serve", "--data-dir", metadata, "--host", "127.0.0.1", "--port", `${port}`, ...served]);
  }

  beforeAll(async () => {
    const work = scratch();
    afterwards(work.remove);
    const { id, archive } = await build(work);
    builtId = id;
    const craned = await serve(work, archive);
    afterwards(craned.stop);
    const podman = freshPodman();
    afterwards(podman.remove);
    const image = await podman.pull(`127.0.0.1:${craned.port}/craned:${version}`);
    const { out } = await podman.run("image", "inspect", image);
    pulled = v.parse(v.tuple([Inspected]), JSON.parse(out))[0];
    root = await podman.mount(image);
  });

  test("arrives as it was built", () => {
    expect(pulled.Id).toBe(builtId);
  });

  test("is hardly larger than the executable", () => {
    expect(sizeOf(root)).toBeLessThan(1.05 * statSync(join(root, "craned")).size);
  });

  test("says what it is, who runs it, and how it is asked whether it is well", () => {
    expect(pulled.User).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(pulled.Labels).toMatchObject({
      "org.opencontainers.image.title": "craned",
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.licenses": expect.stringContaining("Apache-2.0"),
    });
    expect(pulled.Healthcheck.Test).toEqual(["CMD", "/craned", "healthcheck"]);
    expect(pulled.Config).toMatchObject({ Entrypoint: ["/craned"], Cmd: ["serve"], StopSignal: "SIGTERM" });
    expect(Object.keys(pulled.Config.ExposedPorts)).toEqual(["5000/tcp"]);
  });

  test("has all that craned needs, on a root that can't be written to, for a user that is nobody", async () => {
    const port = freePort();
    const environment = ["CRANE_SERVER_HOST=127.0.0.1", `CRANE_SERVER_PORT=${port}`, "CRANE_LOG_FORMAT=json"];
    const { Entrypoint: entrypoint, Cmd: command } = pulled.Config;
    const [, ...check] = pulled.Healthcheck.Test;
    expect((await run(contained(root, environment, check))).err).toContain("nothing listens there");

    const child = Bun.spawn([...contained(root, environment, [...entrypoint, ...command])], { stderr: "pipe" });
    const said = untilSaid(child.stderr, "listening on");
    afterwards(() => child.kill());
    expect(await said).toContain(`http://127.0.0.1:${port}`);
    expect((await run(contained(root, environment, check))).out).toContain('"status":"ready"');
    child.kill(pulled.Config.StopSignal === "SIGTERM" ? "SIGTERM" : "SIGKILL");
    expect(await child.exited).toBe(0);
  });

  test("gives the demo what it needs besides: a /tmp", async () => {
    const child = Bun.spawn([...contained(root, [], ["/craned", "demo", "--port", "0"])], { stdout: "pipe" });
    afterwards(() => child.kill());
    expect(await untilSaid(child.stdout, "Stop it with")).toContain("The demo registry is at");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });
});
