import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MEDIA_TYPE } from "../../lib/core/media-types.ts";
import { blobsOf, expectedDirectory, HELLO, hashedFiles, imageFor, sha256 } from "../clients/demo-content.ts";
import { pullOverV1 } from "../clients/old-docker.ts";
import { startApache } from "../harness/apache.ts";
import { type Craned, runCraned, type Scratch, scratch, serveDirectory, startCraned } from "../harness/craned.ts";
import { freePort, startNginx } from "../harness/nginx.ts";
import { freshPodman } from "../harness/podman.ts";
import { describeWith, leftovers, run, succeed } from "../harness/programs.ts";
import { digest } from "../harness/redirect-files.ts";

setDefaultTimeout(60_000);

interface WebServer {
  readonly name: "nginx" | "apache";
  readonly program: string;
  /** What it answers for what is publishing's own. */
  readonly hidden: 403 | 404;
  /** Serves a directory, with the snippet that craned writes for it. */
  readonly start: (port: number, root: string, snippet: string) => Promise<{ readonly stop: () => Promise<void> }>;
}

/**
 * What distributions and sites set for all of Apache: endings that mean a type, an encoding, a character set, a
 * language or a program, and answers that are compressed on the way.
 */
const APACHE_DEFAULTS = `
  TypesConfig /dev/null
  AddType text/html .html
  AddEncoding x-gzip .gz
  AddCharset utf-8 .utf8
  AddLanguage de .de
  AddHandler type-map .var
  <FilesMatch "\\.cgi$">
    SetHandler cgi-script
  </FilesMatch>
  SetOutputFilter BROTLI_COMPRESS;DEFLATE
`;

const APACHE_MODULES = ["mime", "env", "negotiation", "cgid", "filter", "deflate", "brotli"];

const WEB_SERVERS: readonly WebServer[] = [
  { name: "nginx", program: "nginx", hidden: 404, start: startNginx },
  {
    name: "apache",
    program: "apache2",
    hidden: 403,
    start: (port, root, snippet) =>
      startApache(
        `Listen 127.0.0.1:${port}
${APACHE_DEFAULTS}
<VirtualHost *:${port}>
  DocumentRoot ${root}
  <Directory ${root}>
    Require all granted
  </Directory>
${snippet}
</VirtualHost>
`,
        APACHE_MODULES,
      ),
  },
];

/** Tags that look like names of files that mean something. */
const SUFFIXED = ["1.0.html", "1.0.tar.gz", "1.0.utf8", "1.0.de", "1.0.var", "1.0.cgi"];

for (const web of WEB_SERVERS) {
  describeWith([web.program, "skopeo", "podman"], `what skopeo wrote, on ${web.name} with craned in front`, () => {
    const afterwards = leftovers();
    let work: Scratch;
    let craned: Craned;
    let staticOrigin: string;
    const skopeo = ["skopeo", "--override-os", "linux", "--override-arch", "amd64"];
    const path = (name: string) => join(work.path, name);

    beforeAll(async () => {
      work = scratch();
      afterwards(work.remove);
      const demo = await startCraned(["demo", "--port", "0", "--host", "127.0.0.1"]);
      const from = (tag: string) => `docker://127.0.0.1:${demo.port}/demo/hello:${tag}`;
      const copy = [...skopeo, "copy", "-q", "--src-tls-verify=false"];
      await succeed([...copy, "--all", from("oci"), `oci:${path("layout")}:oci`]);
      await succeed([...copy, from("1.0-oci"), `oci:${path("layout")}:1.0-oci`]);
      for (const tag of SUFFIXED) await succeed([...copy, from("1.0-oci"), `oci:${path("layout")}:${tag}`]);
      await succeed([...copy, "--all", from("oci"), `oci-archive:${path("layout.tar")}:oci`]);
      await succeed([...copy, from("1.0"), `docker-archive:${path("docker.tar")}:example.com/app:1.0`]);
      await demo.stop();

      const port = freePort();
      staticOrigin = `http://127.0.0.1:${port}`;
      const common = ["--content", path("www/files"), "--metadata", path("metadata"), "--url", `${staticOrigin}/files`];
      for (const [source, name] of [
        ["layout", "team/layout"],
        ["layout.tar", "team/tar"],
        ["docker.tar", "team/docker"],
      ] as const) {
        const { code, err } = await runCraned([
          "publish",
          path(source),
          "--name",
          name,
          "--v1",
          "--redirect-version",
          "5",
          ...common,
        ]);
        if (code !== 0) throw new Error(err);
      }
      const { out: snippet } = await runCraned(["publish", "--server-config", web.name]);
      const server = await web.start(port, path("www"), snippet);
      afterwards(server.stop);
      craned = await serveDirectory(path("metadata"));
      afterwards(craned.stop);
    });

    const at = (image: string) => `docker://127.0.0.1:${craned.port}/team/${image}`;

    async function copied(image: string, ...options: readonly string[]) {
      const target = path(`copy-${Bun.randomUUIDv7()}`);
      await succeed([...skopeo, "copy", "-q", ...options, "--src-tls-verify=false", at(image), `dir:${target}`]);
      return hashedFiles(target);
    }

    test.each([
      ["layout", "oci", HELLO.index],
      ["tar", "oci", HELLO.index],
      ["layout", "1.0-oci", HELLO.oci],
    ])("team/%s:%s is copied as it was, by tag and by digest", async (name, tag, { digest, bytes }) => {
      const expected = expectedDirectory(bytes);
      expect(await copied(`${name}:${tag}`, "--all")).toEqual(expected);
      expect(await copied(`${name}@${digest}`, "--all")).toEqual(expected);
    });

    test.each(["amd64", "arm64"])("the image for %s is found in an index", async (architecture) => {
      const expected = expectedDirectory(imageFor(architecture, HELLO.index.bytes));
      const target = path(architecture);
      const override = ["skopeo", "--override-arch", architecture, "--override-os", "linux"];
      await succeed([...override, "copy", "-q", "--src-tls-verify=false", at("layout:oci"), `dir:${target}`]);
      expect(hashedFiles(target)).toEqual(expected);
    });

    test("a docker-archive has the configuration and the layers that it had before", async () => {
      const inspect = [...skopeo, "inspect", "--tls-verify=false"];
      const config = await succeed([...inspect, "--config", "--raw", at("docker:1.0")]);
      expect(sha256(config)).toBe(blobsOf(HELLO.schema2.bytes)[0] ?? "");
      // skopeo verifies each uncompressed layer against the configuration when it writes an archive.
      await succeed([
        ...skopeo,
        "copy",
        "-q",
        "--src-tls-verify=false",
        at("docker:1.0"),
        `docker-archive:${path("again.tar")}:a:1`,
      ]);
      expect(sha256(readFileSync(path("again.tar"))).length).toBe(64);
      expect(JSON.parse(await succeed([...inspect, at("docker:1.0")]))).toMatchObject({ RepoTags: ["1.0"] });
    });

    const pulled = [
      "layout:oci",
      "tar:oci",
      "docker:1.0",
      `layout@${HELLO.index.digest}`,
      `layout@${HELLO.oci.digest}`,
    ];
    test.each(pulled)("podman pulls team/%s, and its program runs", async (image) => {
      const podman = freshPodman();
      afterwards(podman.remove);
      const name = `127.0.0.1:${craned.port}/team/${image}`;
      await podman.pull(name);
      const root = await podman.mount(name);
      expect(await succeed([join(root, "hello")])).toContain("demo/hello for linux/");
    });

    test.each(["layout", "docker"])("a client of v1 pulls team/%s, down to the layers", async (name) => {
      const tag = name === "docker" ? "1.0" : "oci";
      const { ancestry, images } = await pullOverV1(`127.0.0.1:${craned.port}/team/${name}`, tag);
      expect(images.map(({ json }) => (json as { id: string }).id)).toEqual([...ancestry]);
      const files = join(work.path, "www/files", `team-${name}`);
      const layers = ancestry.map((id) => sha256(readFileSync(join(files, id, "layer"))));
      expect(images.map(({ layer }) => sha256(layer))).toEqual(layers);
    });

    test(`${web.name} sends the type of everything, and nothing that is publishing's own`, async () => {
      const head = async (file: string) => {
        const { headers, status } = await fetch(`${staticOrigin}/files/${file}`, { method: "HEAD" });
        // An encoding would have clients unpack what they verify; without a length they can't show progress.
        const isWhole = headers.get("content-encoding") === null && Number(headers.get("content-length")) > 0;
        return [status, headers.get("content-type"), isWhole];
      };
      const [id = ""] = Object.values(
        JSON.parse(readFileSync(path("metadata/v1/team-docker.json"), "utf8")).tags as object,
      );
      const [layer] = JSON.parse(readFileSync(path("www/files/team-docker/manifests/2/1.0"), "utf8")).layers;
      const types = [
        ["team-docker/manifests/2/1.0", MEDIA_TYPE["2"]],
        ["team-layout/manifests/oci/1.0-oci", MEDIA_TYPE.oci],
        ...SUFFIXED.map((tag) => [`team-layout/manifests/oci/${tag}`, MEDIA_TYPE.oci] as const),
        [`team-layout/manifests/oci/${HELLO.oci.digest}`, MEDIA_TYPE.oci],
        ["team-layout/manifests/index/oci", MEDIA_TYPE.index],
        ["team-layout/tags/list", "application/json"],
        [`team-docker/${id}/json`, "application/json"],
        [`team-docker/${id}/ancestry`, "application/json"],
        [`team-docker/${id}/layer`, "application/octet-stream"],
        [`team-docker/blobs/${layer.digest}`, "application/octet-stream"],
      ] as const;
      for (const [file, type] of types) expect([file, ...(await head(file))]).toEqual([file, 200, type, true]);
      const own = readdirSync(path("www/files/team-docker/.craned"))[0];
      expect((await head(`team-docker/.craned/${own}`))[0]).toBe(web.hidden);
    });

    test(`${web.name} names the digest of a manifest, and says in a registry's words that one is unknown`, async () => {
      const ask = async (file: string) => {
        const answer = await fetch(`${staticOrigin}/files/team-layout/manifests/${file}`);
        const { headers, status } = answer;
        return [status, headers.get("docker-content-digest"), headers.get("content-type"), await answer.text()];
      };
      const text = readFileSync(path(`www/files/team-layout/manifests/oci/${HELLO.oci.digest}`), "utf8");
      expect(await ask(`oci/${HELLO.oci.digest}`)).toEqual([200, HELLO.oci.digest, MEDIA_TYPE.oci, text]);
      expect(await ask("oci/1.0-oci")).toEqual([200, null, MEDIA_TYPE.oci, text]);
      const unknown = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}';
      for (const file of ["oci/2.0", "1/latest", "latest", `list/${digest("a")}`]) {
        expect([file, ...(await ask(file))]).toEqual([file, 404, null, "application/json", unknown]);
      }
    });

    test("a tag that is not published is unknown", async () => {
      const { code, err } = await run([...skopeo, "inspect", "--tls-verify=false", at("layout:missing")]);
      expect([code, err]).toEqual([1, expect.stringContaining("manifest unknown")]);
    });
  });
}
