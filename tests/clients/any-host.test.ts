/**
 * Version 6 with real clients and hosts that know nothing of registries: published, served by a host of files, pulled
 * through craned. The host's log shows that clients ask it for blobs only.
 */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startContainerd } from "../harness/containerd.ts";
import { type Craned, runCraned, type Scratch, scratch, serveDirectory, startCraned } from "../harness/craned.ts";
import { startDockerEngine } from "../harness/docker-engine.ts";
import { freePort } from "../harness/nginx.ts";
import { freshPodman } from "../harness/podman.ts";
import { describeWith, leftovers, run, succeed } from "../harness/programs.ts";
import { type FileHost, startPython } from "../harness/python-host.ts";
import { OCI } from "../harness/redirect-files.ts";
import { filesBelow, layoutAt } from "../publish/layouts.ts";
import { blobsOf, expectedDirectory, HELLO, hashedFiles, imageFor } from "./demo-content.ts";

setDefaultTimeout(120_000);

/** This machine's architecture, as images call it. */
const HERE = process.arch === "arm64" ? "arm64" : "amd64";

/** A host that takes every file for a page. */
async function startPages(port: number, root: string): Promise<FileHost> {
  const requests: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port,
    async fetch({ method, url }) {
      const { pathname } = new URL(url);
      requests.push(`${method} ${pathname}`);
      const file = Bun.file(join(root, pathname));
      const headers = { "content-type": "text/html; charset=utf-8" };
      return (await file.exists()) ? new Response(file, { headers }) : new Response("<html>", { headers });
    },
  });
  return { requests: () => requests, stop: () => server.stop(true) };
}

const HOSTS = [
  ["python3 -m http.server", startPython],
  ["a host to which everything is text/html", startPages],
] as const;

const BLOB = /^(GET|HEAD) \/content\/team-app\/blobs\/sha256\/[0-9a-f]{64}$/;

for (const [name, start] of HOSTS) {
  describeWith(["python3", "skopeo", "podman"], `an image on ${name}`, () => {
    const afterwards = leftovers();
    let work: Scratch;
    let craned: Craned;
    let host: FileHost;
    const path = (file: string) => join(work.path, file);
    const skopeo = ["skopeo", "--override-os", "linux", "--override-arch", "amd64"];
    const note = { digest: "" };

    beforeAll(async () => {
      work = scratch();
      afterwards(work.remove);
      const demo = await startCraned(["demo", "--port", "0", "--host", "127.0.0.1"]);
      const from = (tag: string) => `docker://127.0.0.1:${demo.port}/demo/hello:${tag}`;
      const copy = [...skopeo, "copy", "-q", "--all", "--src-tls-verify=false"];
      await succeed([...copy, from("oci"), `oci:${path("layout")}:oci`]);
      await demo.stop();
      // Something that refers to it, as a signature does.
      const layout = layoutAt(path("layout"));
      const { manifests } = JSON.parse(readFileSync(path("layout/index.json"), "utf8"));
      const subject = { mediaType: manifests[0].mediaType, digest: manifests[0].digest, size: manifests[0].size };
      const signature = layout.image("oci", "signed", { subject, artifactType: "application/signature" });
      note.digest = signature.digest;
      layout.finish([
        ["latest", subject],
        ["", signature],
      ]);
      const port = freePort();
      host = await start(port, work.path);
      afterwards(host.stop);
      const places = ["--content", path("content"), "--metadata", path("metadata")];
      const url = ["--url", `http://127.0.0.1:${port}/content`];
      const { code, err } = await runCraned(["publish", path("layout"), "--name", "team/app", ...url, ...places]);
      if (code !== 0) throw new Error(err);
      craned = await serveDirectory(path("metadata"));
      afterwards(craned.stop);
    });

    const at = (reference: string) => `127.0.0.1:${craned.port}/team/app${reference}`;
    const digest = HELLO.index.digest;

    test.each([":latest", `@${digest}`])("skopeo copies %s with all platforms, as it was", async (reference) => {
      const target = path(`copy-${Bun.randomUUIDv7()}`);
      await succeed([
        ...skopeo,
        "copy",
        "-q",
        "--all",
        "--src-tls-verify=false",
        `docker://${at(reference)}`,
        `dir:${target}`,
      ]);
      expect(hashedFiles(target)).toEqual(expectedDirectory(HELLO.index.bytes));
    });

    test("skopeo inspects it without asking the host at all", async () => {
      const before = host.requests().length;
      const inspected = await succeed([...skopeo, "inspect", "--tls-verify=false", `docker://${at(":latest")}`]);
      expect(JSON.parse(inspected)).toMatchObject({ Digest: digest, RepoTags: ["latest"], Architecture: "amd64" });
      expect(host.requests()).toHaveLength(before);
    });

    test.each([":latest", `@${digest}`])("podman pulls %s, and its program runs", async (reference) => {
      const podman = freshPodman();
      afterwards(podman.remove);
      await podman.pull(at(reference));
      const root = await podman.mount(at(reference));
      expect(await succeed([join(root, "hello")])).toContain("demo/hello for linux/");
    });

    test("a moved tag is found, and the old image stays to be pulled by digest when it is kept", async () => {
      const moved = layoutAt(path("moved"));
      const image = moved.image("oci", "moved");
      moved.finish([["latest", image]]);
      const url = JSON.parse(readFileSync(path("metadata/v2/team-app.json"), "utf8")).url.replace("team-app/", "");
      const places = ["--content", path("content"), "--metadata", path("metadata"), "--url", url];
      expect(
        await runCraned(["publish", moved.path, "--name", "team/app", "--keep-untagged", ...places]),
      ).toMatchObject({ code: 0 });
      const headers = { accept: OCI };
      const ask = async () =>
        (await fetch(`${craned.origin}/v2/team/app/manifests/latest`, { headers })).headers.get(
          "docker-content-digest",
        );
      while ((await ask()) !== image.digest) await Bun.sleep(10);
      const old = await fetch(`${craned.origin}/v2/team/app/manifests/${digest}`);
      expect([old.status, await old.text()]).toEqual([200, new TextDecoder().decode(HELLO.index.bytes)]);
      // For the tests that follow.
      expect(await runCraned(["publish", path("layout"), "--name", "team/app", ...places])).toMatchObject({ code: 0 });
      while ((await ask()) === image.digest) await Bun.sleep(10);
    });

    describeWith(["dockerd", "docker"], "Docker Engine", () => {
      test("pulls the tag and the digest", async () => {
        const docker = await startDockerEngine();
        afterwards(docker.stop);
        const [config] = blobsOf(imageFor(HERE, HELLO.index.bytes));
        for (const reference of [":latest", `@${digest}`]) {
          expect(await docker.pull(at(reference))).toBe(`sha256:${config}`);
        }
      });
    });

    describeWith(["containerd", "ctr"], "containerd", () => {
      test("pulls the tag and the digest", async () => {
        const containerd = await startContainerd();
        afterwards(containerd.stop);
        const blobs = blobsOf(imageFor(HERE, HELLO.index.bytes)).map((hex) => `sha256:${hex}`);
        for (const reference of [":latest", `@${digest}`]) {
          expect(await containerd.pull(at(reference))).toEqual(expect.arrayContaining([digest, ...blobs]));
        }
      });
    });

    describeWith(["containers-image-digest"], "containers/image", () => {
      test("is told the digest of the tag by HEAD", async () => {
        expect((await succeed(["containers-image-digest", at(":latest")])).trim()).toBe(digest);
      });
    });

    describeWith(["oras"], "oras", () => {
      test("resolves the tag, finds what refers to it, and copies both by tag", async () => {
        const oras = async (...args: readonly string[]) => (await succeed(["oras", ...args])).trim();
        expect(await oras("resolve", "--plain-http", at(":latest"))).toBe(digest);
        const { referrers } = JSON.parse(await oras("discover", "--plain-http", "--format", "json", at(":latest")));
        expect(referrers).toEqual([
          expect.objectContaining({ digest: note.digest, artifactType: "application/signature" }),
        ]);
        await oras("cp", "-r", "--from-plain-http", "--to-oci-layout", at(":latest"), `${path("oras")}:latest`);
        expect(filesBelow(path("oras/blobs"))).toEqual(filesBelow(path("layout/blobs")));
      });
    });

    describeWith(["crane"], "crane", () => {
      test("tells the digest, and pulls", async () => {
        expect((await succeed(["crane", "digest", "--insecure", at(":latest")])).trim()).toBe(digest);
        await succeed(["crane", "pull", "--insecure", "--format", "oci", at(":latest"), path("crane")]);
        expect(Object.values(filesBelow(path("crane/blobs")))).toContain(digest);
      });
    });

    describeWith(["regctl"], "regctl", () => {
      test("tells the digest, and copies with what refers to it", async () => {
        const regctl = ["regctl", "--host", `reg=127.0.0.1:${craned.port},tls=disabled`];
        expect((await succeed([...regctl, "image", "digest", at(":latest")])).trim()).toBe(digest);
        await succeed([...regctl, "image", "copy", "--referrers", at(":latest"), `ocidir://${path("regctl")}:latest`]);
        expect(Object.values(filesBelow(path("regctl/blobs")))).toEqual(expect.arrayContaining([digest, note.digest]));
      });
    });

    test("each platform's image is found", async () => {
      for (const architecture of ["amd64", "arm64"]) {
        const target = path(architecture);
        const override = ["skopeo", "--override-arch", architecture, "--override-os", "linux"];
        await succeed([
          ...override,
          "copy",
          "-q",
          "--src-tls-verify=false",
          `docker://${at(":latest")}`,
          `dir:${target}`,
        ]);
        expect(hashedFiles(target)).toEqual(expectedDirectory(imageFor(architecture, HELLO.index.bytes)));
      }
    });

    test("a tag that is not there is unknown, though the host has a page for everything", async () => {
      const { code, err } = await run([...skopeo, "inspect", "--tls-verify=false", `docker://${at(":missing")}`]);
      expect([code, err]).toEqual([1, expect.stringContaining("manifest unknown")]);
      expect(readdirSync(path("content/team-app"))).not.toContain("manifests");
    });

    test("the host was asked for blobs only", () => {
      const requests = host.requests();
      expect(requests.length).toBeGreaterThan(5);
      expect(requests.filter((request) => !BLOB.test(request))).toEqual([]);
    });
  });
}
