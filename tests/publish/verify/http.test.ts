/** `craned check --content http`: what a host really sends. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MEDIA_TYPE } from "../../../lib/core/media-types.ts";
import { runCraned, scratch } from "../../harness/craned.ts";
import { freePort, type Nginx, startNginx } from "../../harness/nginx.ts";
import { describeWith, leftovers } from "../../harness/programs.ts";
import { S3_KEY, S3_REGION, startS3 } from "../../harness/s3.ts";
import { layoutAt } from "../layouts.ts";
import { type Checked, checkContent, type Published, publishedAt } from "./check-content.ts";

setDefaultTimeout(60_000);

describeWith(["nginx"], "content on nginx", () => {
  const afterwards = leftovers();
  const work = scratch();
  afterwards(work.remove);
  const port = freePort();
  const origin = `http://127.0.0.1:${port}`;
  let published: Published;
  let snippet: string;
  let nginx: Nginx | undefined;

  beforeAll(async () => {
    published = await publishedAt(work.path, `${origin}/content`);
    snippet = (await runCraned(["publish", "--server-config", "nginx"])).out;
  });
  afterEach(() => nginx?.stop());

  const root = join(work.path, "content/team-app");

  async function checkOn(server: string, ...more: readonly string[]): Promise<Checked> {
    nginx = await startNginx(port, work.path, server);
    const { site, one, other, list, oci, note, layer } = published;
    return await checkContent(
      site.metadata,
      ["--content", "http", ...more],
      [
        [`${site.metadata}/`, ""],
        [`${origin}/content/team-app/`, ""],
        ["team-app.json", "app"],
        ...Object.entries({ one, other, list, oci, note }).map(
          ([name, { digest }]) => [digest, name.toUpperCase()] as const,
        ),
        [layer, "LAYER"],
      ],
    );
  }

  test("with the types that publishing names has nothing wrong", async () => {
    expect(await checkOn(snippet)).toMatchObject({ code: 0, faults: [], lines: [] });
    const { requests } = nginx ?? { requests: () => [] };
    expect(requests().filter((path) => path.includes("/blobs/"))).toHaveLength(7);
  });

  test("without types is useless, for each manifest", async () => {
    const wrong = (reference: string, kind: "2" | "list" | "oci") =>
      `v2/app: ${reference}: manifests/${kind}/${reference}: expected Content-Type ${MEDIA_TYPE[kind]}, ` +
      "received Content-Type text/plain";
    const { code, faults } = await checkOn("default_type text/plain;");
    expect([code, faults]).toEqual([
      1,
      [
        ...[
          wrong("LIST", "list"),
          wrong("list", "list"),
          wrong("OCI", "oci"),
          wrong("oci", "oci"),
          wrong("NOTE", "oci"),
        ],
        ...[wrong("ONE", "2"), wrong("one", "2"), wrong("OTHER", "2")].map((line) =>
          line.replace("ONE: manifests/2/ONE", "list: manifests/2/ONE"),
        ),
      ].sort(),
    ]);
  });

  test("with no type at all says so", async () => {
    const { faults } = await checkOn(
      `${snippet}\nlocation ~ /manifests/oci/oci$ { types {} default_type ""; }`.replace(
        /^(.*)\n(location.*)$/s,
        "$2\n$1",
      ),
    );
    expect(faults).toEqual([
      `v2/app: oci: manifests/oci/oci: expected Content-Type ${MEDIA_TYPE.oci}, received no Content-Type`,
    ]);
  });

  test("with a page for everything says that it is one", async () => {
    work.write("page.html", "<html>please log in</html>");
    const { faults } = await checkOn("location / { rewrite ^ /page.html break; default_type text/html; }");
    expect(faults.filter((line) => line.startsWith("v2/app: one: "))).toEqual([
      `v2/app: one: manifests/2/one: expected Content-Type ${MEDIA_TYPE["2"]}, ` +
        "received Content-Type text/html, a page for people",
    ]);
    expect(faults.filter((line) => line.startsWith("v1/app") && line.includes("/layer: "))[0]).toContain(
      "expected a blob, received Content-Type text/html, a page for people",
    );
  });

  test("that calls blobs pages has nothing wrong, as long as they are the blobs", async () => {
    expect(await checkOn(`location ~ /blobs/ { default_type text/html; }\n${snippet}`)).toMatchObject({ code: 0 });
  });

  test("that has a page for every blob says so once, with the number and what helps", async () => {
    work.write("page.html", "<html>please log in</html>");
    const rule = "location ~ /blobs/ { rewrite ^ /page.html break; default_type text/html; }";
    const { faults, out } = await checkOn(`${rule}\n${snippet}`);
    expect(faults).toEqual([
      expect.stringMatching(
        /^v2\/app: \w+: blobs\/.*: expected a blob, received Content-Type text\/html, a page for people \(and 6 more of this kind\)$/,
      ),
    ]);
    expect(out).toMatch(/^hint: .*\/v2\/team-app.json: the host answers with a page/m);
  });

  test.each([
    ["is missing", "return 404;", "404 Not Found"],
    ["is forbidden", "deny all;", "403 Forbidden"],
  ])("that %s is said to be", async (_, rule, received) => {
    const { faults } = await checkOn(
      `location ~ "/manifests/2/one$|LAYER" { ${rule} }\n${snippet}`.replace("LAYER", published.layer),
    );
    expect(faults).toEqual([
      `v2/app: list: blobs/LAYER: expected 200, received ${received}`,
      `v2/app: one: manifests/2/one: expected 200, received ${received}`,
    ]);
  });

  test("that compresses unasked is found out", async () => {
    const { faults } = await checkOn(
      `location ~ /manifests/2/one$ { default_type ${MEDIA_TYPE["2"]}; add_header Content-Encoding br; }\n${snippet}`,
    );
    expect(faults).toEqual(["v2/app: one: manifests/2/one: expected no Content-Encoding, received br"]);
  });

  test("that compresses for those who ask for it has nothing wrong", async () => {
    const { faults } = await checkOn(`gzip on; gzip_types *; gzip_min_length 1;\n${snippet}`);
    expect(faults).toEqual([]);
  });

  test("that answers HEAD in another way than GET is found out", async () => {
    const rule = `location ~ /manifests/2/one$ { default_type ${MEDIA_TYPE["2"]}; if ($request_method = HEAD) { return 405; } }`;
    const { faults } = await checkOn(`${rule}\n${snippet}`);
    expect(faults).toEqual(["v2/app: one: manifests/2/one: expected 200, received 405 Not Allowed"]);
  });

  describe("with damaged files", () => {
    const layerFile = () => join(root, "blobs", published.layer);
    let bytes: Uint8Array;
    beforeAll(async () => {
      bytes = await Bun.file(layerFile()).bytes();
    });
    afterEach(() => writeFileSync(layerFile(), bytes));

    test("is found wrong by size", async () => {
      truncateSync(layerFile(), 3);
      expect((await checkOn(snippet)).faults).toContain(
        "v2/app: list: blobs/LAYER: expected 23 bytes, received 3 bytes",
      );
    });

    test("is found wrong by digest only when blobs are fetched", async () => {
      writeFileSync(layerFile(), Buffer.alloc(23));
      expect((await checkOn(snippet)).faults).toEqual([]);
      await nginx?.stop();
      const { faults } = await checkOn(snippet, "--download");
      expect(faults).toEqual([expect.stringMatching(/^v2\/app: list: blobs\/LAYER: expected LAYER, received sha256:/)]);
    });
  });

  test("that nobody can reach is said not to be reached", async () => {
    const { code, faults } = await checkContent(
      published.site.metadata,
      ["--content", "http"],
      [
        [published.site.metadata, ""],
        [`${origin}/content/team-app/`, ""],
      ],
    );
    expect(code).toBe(1);
    expect(faults.filter((line) => line.startsWith("/v2"))).toEqual([
      expect.stringMatching(
        /^\/v2\/team-app.json: list: manifests\/2\/.*: expected an answer, received ECONNREFUSED \(and 7 more/,
      ),
    ]);
  });

  test("that takes connections and ends them is not tried three times for each file", async () => {
    let connections = 0;
    const socket = {
      open(each: Bun.Socket) {
        connections++;
        each.end();
      },
      data: () => {},
    };
    const listener = Bun.listen({ hostname: "127.0.0.1", port, socket });
    try {
      const { lines } = await checkContent(published.site.metadata, ["--content", "http"], []);
      const faults = lines.reduce((sum, line) => sum + 1 + Number(/and (\d+) more/.exec(line)?.[1] ?? 0), 0);
      expect(faults).toBeGreaterThan(10);
      expect(connections).toBeWithin(faults, 2.5 * faults);
    } finally {
      listener.stop(true);
    }
  });

  test("that is busy for a moment is asked again", async () => {
    const once = new Set<string>();
    const host = Bun.serve({
      hostname: "127.0.0.1",
      port,
      async fetch({ method, url }) {
        const { pathname } = new URL(url);
        if (!once.has(method + pathname)) {
          once.add(method + pathname);
          return new Response("busy", { status: 503 });
        }
        const file = Bun.file(join(work.path, decodeURIComponent(pathname)));
        const kind = Object.entries(MEDIA_TYPE).find(([each]) => pathname.includes(`/manifests/${each}/`));
        return new Response(await file.bytes(), { headers: { "content-type": kind?.[1] ?? "application/json" } });
      },
    });
    try {
      const { code, faults } = await checkContent(published.site.metadata, ["--content", "http"], []);
      expect([code, faults]).toEqual([0, []]);
      expect(once.size).toBeGreaterThan(15);
    } finally {
      await host.stop(true);
    }
  });

  afterAll(() => rmSync(join(work.path, "page.html"), { force: true }));
});

describeWith(["versitygw"], "content in a private bucket", () => {
  const afterwards = leftovers();

  test("is asked for with the signatures that clients get", async () => {
    const s3 = await startS3("images");
    afterwards(s3.stop);
    const work = scratch();
    afterwards(work.remove);
    const layout = layoutAt(join(work.path, "layout"));
    layout.finish([["one", layout.image("oci", "one")]]);
    const places = [
      "--redirect-version",
      "5",
      "--content",
      "s3://images/files",
      "--metadata",
      join(work.path, "metadata"),
    ];
    const publish = ["publish", layout.path, "--name", "team/app", "--url", `${s3.origin}/images/files`, ...places];
    expect(await runCraned(publish, s3.environment)).toMatchObject({ code: 0 });
    const signer = `signer: s3\ns3_region: ${S3_REGION}\n`;
    const keys = `s3_access_key_id: ${S3_KEY.id}\ns3_secret_access_key: ${S3_KEY.secret}\n`;
    const config = work.write("crane.conf", `[cdn]\n${signer}${keys}`);
    const check = (...more: readonly string[]) =>
      checkContent(join(work.path, "metadata"), ["--content", "http", "--download", ...more], []);
    expect(await check("-c", config)).toMatchObject({ code: 0, lines: [] });
    expect((await check()).lines[0]).toEndWith("expected 200, received 403 Forbidden");
    await s3.client.delete("files/team-app/manifests/oci/one");
    const missing = `${s3.origin}/images/files/team-app/manifests/oci/one: expected 200, received 404 Not Found`;
    expect((await check("-c", config)).lines).toEqual([expect.stringContaining(`: one: ${missing}`)]);
  });
});
