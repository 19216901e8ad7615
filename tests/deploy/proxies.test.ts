/**
 * The sample configurations of deploy/, in the very files that people copy: only paths, ports and the format of the
 * header are put in.
 */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MEDIA_TYPE } from "../../lib/core/media-types.ts";
import { hasApacheModule, startApache } from "../harness/apache.ts";
import { AUTHORITY, type Made, scratchCertificates, version1 } from "../harness/certificates.ts";
import { type Craned, runCraned, type Scratch, scratch, startCraned } from "../harness/craned.ts";
import { freePort, startNginxWith } from "../harness/nginx.ts";
import { describeWith, leftovers, run, succeed } from "../harness/programs.ts";
import { ask } from "../harness/raw.ts";
import { digest, sha256, v1, v5 } from "../harness/redirect-files.ts";
import { sample } from "../harness/samples.ts";
import { statusOverTls } from "../harness/tls-client.ts";

setDefaultTimeout(30_000);

const MIGRATION = join(import.meta.dir, "../../docs/migration.md");
const LAYER = "what the layer says";
const DIGEST = sha256(LAYER);
const putAway = leftovers();

const fileOf = (name: string, fields: object = {}) =>
  v5(`team/${name}`, {
    repository: name,
    url: `https://registry.example.com/pub/docker/v2/web/${name}/`,
    schema2_data: ["latest"],
    ...fields,
  });

/** A publisher's own id of a repository, which no proxy may read in another way than craned. */
const ODD = "é +&;?#";

const IMAGE_ID = "0123456789abcdef".repeat(4);
const V1_FILE = v1("team/one", {
  repository: "one",
  url: "https://registry.example.com/pub/docker/v1/web/one/",
  images: [{ id: IMAGE_ID }],
  tags: { latest: IMAGE_ID },
});

/** The certificates of the server, its clients and their issuer. */
interface SiteCertificates {
  readonly server: Made;
  readonly authority: Made;
  readonly entitled: Made;
  readonly entitledElsewhere: Made;
  /** Says of itself that it is entitled; nobody that counts has issued it. */
  readonly stranger: Made;
}

function certificatesOf(): SiteCertificates {
  const certificates = scratchCertificates();
  putAway(certificates.close);
  const authority = certificates.make({ name: "authority", extensions: AUTHORITY });
  const stranger = certificates.make({ name: "stranger", extensions: AUTHORITY });
  const client = (issuer: Made, path: string) =>
    certificates.make({ name: "client", issuer, extensions: version1(path) });
  return {
    authority,
    server: certificates.make({ name: "localhost", extensions: ["subjectAltName=DNS:localhost,IP:127.0.0.1"] }),
    entitled: client(authority, "/pub/docker/v2/web/closed"),
    entitledElsewhere: client(authority, "/pub/docker/v2/web/another"),
    stranger: client(stranger, "/pub/docker/v2/web/closed"),
  };
}

function filesOf(): Scratch {
  const files = scratch({
    "metadata/open.json": fileOf("open"),
    "metadata/closed.json": fileOf("closed", { protected: true }),
    "metadata/odd.json": fileOf("odd", { repository: ODD }),
    "metadata/one.json": V1_FILE,
  });
  putAway(files.remove);
  for (const [kind, type] of Object.entries(MEDIA_TYPE))
    files.write(`www/pub/docker/v2/web/open/manifests/${kind}/latest`, { mediaType: type });
  for (const repository of ["open", "closed", ODD]) {
    files.write(`www/pub/docker/v2/web/${repository}/manifests/2/latest`, { mediaType: MEDIA_TYPE["2"] });
    files.write(`www/pub/docker/v2/web/${repository}/blobs/${DIGEST}`, LAYER);
  }
  files.write("www/pub/docker/v2/web/open/tags/list", { tags: ["latest"] });
  files.write(`www/pub/docker/v1/web/one/${IMAGE_ID}/json`, { id: IMAGE_ID });
  return files;
}

interface World extends SiteCertificates {
  readonly craned: Craned;
  /** Asks the proxy as this client would. */
  readonly get: (path: string, as?: Made, headers?: Readonly<Record<string, string>>) => Promise<Response>;
  /** Asks the proxy from another address of this machine. */
  readonly statusFrom: (from: string, path: string, headers?: Readonly<Record<string, string>>) => Promise<number>;
}

/** Asks a proxy on this port, as a client or as nobody. */
const getThrough =
  (port: number, { server }: SiteCertificates): World["get"] =>
  (path, as, headers = {}) =>
    fetch(`https://localhost:${port}${path}`, {
      redirect: "manual",
      headers,
      tls: {
        ca: server.pem,
        ...(as !== undefined && { cert: as.pem, key: readFileSync(as.keyPath, "utf8") }),
      },
    });

type Format = "nginx" | "apache";

async function start(
  format: Format,
  { configuration = (text: string) => text, args = [] as readonly string[], modules = [] as readonly string[] } = {},
) {
  const certificates = certificatesOf();
  const files = filesOf();
  const settings = configuration(
    sample("crane.conf", {
      "/var/lib/crane/metadata/": join(files.path, "metadata"),
      "/etc/craned/client-ca.pem": certificates.authority.certificatePath,
      "client_cert_format: nginx": `client_cert_format: ${format}`,
      "/var/www": join(files.path, "www"),
      "port: 5000": "port: 0",
    }),
  );
  const craned = await startCraned(["serve", "--config", files.write("crane.conf", settings), ...args]);
  putAway(craned.stop);
  const port = freePort();
  const replacements = {
    "/etc/craned/tls/server.pem": certificates.server.certificatePath,
    "/etc/craned/tls/server.key": certificates.server.keyPath,
    "/etc/craned/client-ca.pem": certificates.authority.certificatePath,
    "127.0.0.1:5000": `127.0.0.1:${craned.port}`,
    "/var/www": join(files.path, "www"),
  };
  const proxy =
    format === "nginx"
      ? await startNginxWith(sample("nginx.conf", { ...replacements, "listen 443": `listen 127.0.0.1:${port}` }))
      : await startApache(
          sample("apache.conf", {
            ...replacements,
            // As Debian's ports.conf does.
            "<VirtualHost *:443>": `Listen 127.0.0.1:${port}\n<VirtualHost *:${port}>`,
          }),
          modules,
        );
  putAway(proxy.stop);
  const get = getThrough(port, certificates);
  const statusFrom: World["statusFrom"] = (from, path, headers = {}) =>
    statusOverTls({ from, port, path, headers, ca: certificates.server.pem });
  return { ...certificates, craned, get, statusFrom };
}

const manifestOf = (name: string): string => `/v2/team/${name}/manifests/latest`;
const SCHEMA_2 = { Accept: MEDIA_TYPE["2"] };

const escaped = ({ pem }: Made): string => encodeURIComponent(pem);
const unwrapped = ({ pem }: Made): string => pem.trim().replaceAll("\n", " ");

/** What a client may put into its request to pass for somebody else. */
const FORGERIES: readonly [what: string, headers: (entitled: Made) => Readonly<Record<string, string>>][] = [
  ["the header of nginx", (entitled) => ({ "X-SSL-Client-Cert": escaped(entitled) })],
  ["the header of nginx in other letters", (entitled) => ({ "x-ssl-client-cert": escaped(entitled) })],
  ["the header of nginx with underscores", (entitled) => ({ X_SSL_Client_Cert: escaped(entitled) })],
  ["the header of Apache", (entitled) => ({ SSL_CLIENT_CERT: unwrapped(entitled) })],
  ["the header of Apache, escaped", (entitled) => ({ SSL_CLIENT_CERT: escaped(entitled) })],
  ["the header of Apache with dashes", (entitled) => ({ "SSL-CLIENT-CERT": unwrapped(entitled) })],
  ["the header of RFC 9440", (entitled) => ({ "Client-Cert": `:${entitled.der.toString("base64")}:` })],
];

/** What a client may say of where it is. */
const WHEREABOUTS: Readonly<Record<string, string>>[] = [
  { "X-Forwarded-For": "127.0.0.1" },
  { "X-Forwarded-For": "127.0.0.1, 127.0.0.1" },
  { Forwarded: "for=127.0.0.1" },
  { Forwarded: "for=127.0.0.1", "X-Forwarded-For": "127.0.0.1" },
  { "X-Real-IP": "127.0.0.1" },
  { Connection: "close, X-Forwarded-For", "X-Forwarded-For": "127.0.0.1" },
  { Connection: "close, X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Server, X-Forwarded-Proto, Via" },
];

for (const [format, programs] of [
  ["nginx", ["nginx", "openssl"]],
  ["apache", ["apache2", "openssl"]],
] as const) {
  describeWith(programs, `deploy/${format}.conf`, () => {
    let world: World;
    beforeAll(async () => {
      world = await start(format, { args: ["--log-access"] });
    });

    const nameless = async (answer: Response): Promise<string> => {
      const headers = [...answer.headers].filter(([name]) => !["date", "server", "keep-alive"].includes(name));
      return JSON.stringify([answer.status, headers.sort(), await answer.text()]);
    };

    test("lets everybody have what is public", async () => {
      const { get, entitled, stranger } = world;
      for (const client of [undefined, entitled, stranger]) {
        const answer = await get(manifestOf("open"), client, SCHEMA_2);
        expect(answer.status).toBe(302);
        expect(answer.headers.get("location")).toBe(
          "https://registry.example.com/pub/docker/v2/web/open/manifests/2/latest",
        );
      }
    });

    test("lets whoever is entitled have what is protected", async () => {
      const answer = await world.get(manifestOf("closed"), world.entitled, SCHEMA_2);
      expect(answer.status).toBe(302);
      expect(answer.headers.get("location")).toBe(
        "https://registry.example.com/pub/docker/v2/web/closed/manifests/2/latest",
      );
    });

    test("tells everybody else that there is nothing, as of a name that nobody has", async () => {
      const { get, stranger, entitledElsewhere } = world;
      const unknown = await nameless(await get(manifestOf("gone"), undefined, SCHEMA_2));
      for (const client of [undefined, stranger, entitledElsewhere]) {
        const answer = await get(manifestOf("closed"), client, SCHEMA_2);
        expect(answer.status).toBe(404);
        expect(await nameless(answer)).toBe(unknown);
      }
    });

    test.each([...FORGERIES])("takes no notice of %s from a client", async (_, headersFor) => {
      const { get, entitled, stranger, entitledElsewhere } = world;
      for (const client of [undefined, stranger, entitledElsewhere]) {
        const answer = await get(manifestOf("closed"), client, { ...SCHEMA_2, ...headersFor(entitled) });
        expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining("NAME_UNKNOWN")]);
      }
      const answer = await get(manifestOf("closed"), entitled, { ...SCHEMA_2, ...headersFor(stranger) });
      expect(answer.status).toBe(302);
    });

    test("leaves nothing to a client that has the header dropped on the way", async () => {
      const { get, entitled } = world;
      const headers = { Connection: "close, X-SSL-Client-Cert, SSL_CLIENT_CERT" };
      const forged = { "X-SSL-Client-Cert": escaped(entitled), SSL_CLIENT_CERT: unwrapped(entitled) };
      expect((await get(manifestOf("closed"), undefined, { ...SCHEMA_2, ...headers, ...forged })).status).toBe(404);
    });

    test("is believed at craned, where the same header opens what is protected", async () => {
      const { craned, entitled } = world;
      const forged =
        format === "nginx" ? { "X-SSL-Client-Cert": escaped(entitled) } : { SSL_CLIENT_CERT: unwrapped(entitled) };
      expect((await ask(craned.port, manifestOf("closed"), { headers: { ...SCHEMA_2, ...forged } })).status).toBe(302);
    });

    const said = [{}, ...WHEREABOUTS].map((headers) => [JSON.stringify(headers), headers] as const);
    test.each(said)("tells where a client is, and takes no notice of one that says so by %s", async (_, headers) => {
      const path = `/v2/${crypto.randomUUID()}/tags/list`;
      await world.statusFrom("127.0.0.2", path, headers);
      const line = await world.craned.logged((each) => each.includes(path));
      expect(JSON.parse(line)).toMatchObject({ "client.address": "127.0.0.2" });
    });

    test("lists what the certificate opens", async () => {
      const names = async (as?: Made) => JSON.parse(await (await world.get("/v2/_catalog", as)).text()).repositories;
      expect(await names()).toEqual(["team/odd", "team/open"]);
      expect(await names(world.entitled)).toEqual(["team/closed", "team/odd", "team/open"]);
    });

    test.each(["/v2/team%2Fopen/manifests/latest", "/v2/team/closed%2f..%2fopen/manifests/latest"])(
      "hands on %s as it came, and craned refuses it",
      async (path) => {
        expect(await world.statusFrom("127.0.0.1", path, SCHEMA_2)).toBe(404);
      },
    );

    test("tells v1 clients the name and port under which they came", async () => {
      const answer = await world.get("/v1/repositories/team/one/images");
      expect([answer.status, await answer.json()]).toEqual([200, [{ id: IMAGE_ID }]]);
      expect(answer.headers.get("x-docker-endpoints")).toBe(new URL(answer.url).host);
    });

    test.each(["/metrics", "/readyz"])("keeps %s inside", async (path) => {
      expect((await world.get(path)).status).toBe(404);
    });

    test.each(Object.entries(MEDIA_TYPE))("serves manifests in %s as %s", async (kind, type) => {
      const answer = await world.get(`/pub/docker/v2/web/open/manifests/${kind}/latest`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe(type);
      expect(await answer.json()).toEqual({ mediaType: type });
    });

    test.each([
      [`v2/web/open/blobs/${DIGEST}`, "application/octet-stream"],
      ["v2/web/open/tags/list", "application/json"],
      [`v1/web/one/${IMAGE_ID}/json`, "application/json"],
    ])("serves %s as %s", async (path, type) => {
      const answer = await world.get(`/pub/docker/${path}`);
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, type]);
    });
  });
}

interface Sender {
  readonly format: Format;
  readonly programs: readonly string[];
  readonly modules: readonly string[];
  /** The line of deploy/crane.conf that says how it is told of a file. */
  readonly line: string;
}

const SENDERS: readonly Sender[] = [
  { format: "nginx", programs: ["nginx"], modules: [], line: "x_accel_redirect: /craned-content" },
  { format: "apache", programs: ["apache2"], modules: ["xsendfile"], line: "use_x_sendfile: true" },
];

for (const { format, programs, modules, line } of SENDERS) {
  // A module is in no PATH: its name stands for what CI has to install.
  const missing = modules.filter((module) => !hasApacheModule(module)).map((module) => `mod_${module}`);

  describeWith([...programs, "openssl", ...missing], `deploy/${format}.conf, with content that it sends`, () => {
    let world: World;
    const blob = (name: string) => `/v2/team/${name}/blobs/${DIGEST}`;
    beforeAll(async () => {
      const configuration = (text: string) =>
        text.replaceAll(/^#(?=\[serve_content\]|\w+: )/gm, "").replace(/^x_accel_redirect: .*$/m, line);
      world = await start(format, { configuration, modules });
    });

    test("gives the file itself to whoever may have it, and parts of it", async () => {
      const whole = await world.get(blob("open"));
      expect([whole.status, await whole.text()]).toEqual([200, LAYER]);
      expect(whole.headers.get("content-type")).toBe("application/octet-stream");
      expect(whole.headers.get("content-length")).toBe(String(LAYER.length));
      expect(await (await world.get(blob("closed"), world.entitled)).text()).toBe(LAYER);
      const part = await world.get(blob("open"), undefined, { Range: "bytes=5-7" });
      expect([part.status, await part.text()]).toEqual([206, LAYER.slice(5, 8)]);
      expect(part.headers.get("content-range")).toBe(`bytes 5-7/${LAYER.length}`);
      const beyond = await world.get(blob("open"), undefined, { Range: `bytes=${LAYER.length}-` });
      expect(beyond.status).toBe(416);
    });

    test("gives nothing to whoever has it already", async () => {
      const { headers } = await world.get(blob("open"));
      const again = await world.get(blob("open"), undefined, { "If-None-Match": headers.get("etag") ?? "none" });
      expect([again.status, await again.text()]).toEqual([304, ""]);
    });

    test("keeps the headers that craned gave", async () => {
      const answer = await world.get(manifestOf("open"), undefined, SCHEMA_2);
      expect([answer.status, await answer.json()]).toEqual([200, { mediaType: MEDIA_TYPE["2"] }]);
      expect(answer.headers.get("content-type")).toBe(MEDIA_TYPE["2"]);
      expect(answer.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
      expect(answer.headers.get("docker-content-digest")).toMatch(/^sha256:/);
      expect(answer.headers.get("vary")).toMatch(/^Accept, ?Authorization, ?/);
      const protectedBlob = await world.get(blob("closed"), world.entitled);
      expect(protectedBlob.headers.get("cache-control")).toStartWith("private");
    });

    test("keeps to itself where the files are", async () => {
      const { headers } = await world.get(blob("open"));
      expect([headers.get("x-sendfile"), headers.get("x-accel-redirect")]).toEqual([null, null]);
    });

    test("gives v1 images, with the headers of v1", async () => {
      const answer = await world.get(`/v1/images/${IMAGE_ID}/json`);
      expect([answer.status, await answer.json()]).toEqual([200, { id: IMAGE_ID }]);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(answer.headers.get("x-docker-registry-version")).toBe("0.6.6");
      expect(answer.headers.get("x-docker-registry-config")).toBe("common");
      expect((await world.get(`/craned-content/v1/one/${IMAGE_ID}/json`)).status).toBe(404);
    });

    test("gives nothing to whoever may not, nor past craned", async () => {
      for (const client of [undefined, world.stranger]) {
        const answer = await world.get(blob("closed"), client);
        expect([answer.status, await answer.json()]).toEqual([
          404,
          { errors: [expect.objectContaining({ code: "NAME_UNKNOWN" })] },
        ]);
      }
      const forged = { "X-Sendfile": "/etc/passwd", "X-Accel-Redirect": "/etc/passwd" };
      expect((await world.get(blob("closed"), undefined, forged)).status).toBe(404);
      expect((await world.get(`/craned-content/v2/open/blobs/${DIGEST}`)).status).toBe(404);
    });

    test("finds the files of a repository with any name", async () => {
      const answer = await world.get(blob("odd"));
      expect([answer.status, await answer.text()]).toEqual([200, LAYER]);
    });

    test("says in craned's words that a file is missing", async () => {
      const answer = await world.get(`/v2/team/open/blobs/${digest("0")}`);
      expect(answer.headers.get("content-type")).toStartWith("application/json");
      expect([answer.status, await answer.json()]).toEqual([
        404,
        { errors: [expect.objectContaining({ code: "BLOB_UNKNOWN" })] },
      ]);
    });
  });
}

describeWith(["apache2", "openssl"], "deploy/apache-katello.conf", () => {
  let world: Pick<World, "entitled" | "stranger" | "craned" | "get">;
  beforeAll(async () => {
    const certificates = certificatesOf();
    const files = filesOf();
    // As the installer writes it, with what the page of the migration adds.
    const [added = ""] = /```ini\n( +\[server\].*?)```/s.exec(readFileSync(MIGRATION, "utf8"))?.slice(1) ?? [];
    const settings = [
      `[general]\ndebug: true\ndata_dir: ${join(files.path, "metadata")}\nendpoint: katello.example.com:5000\n`,
      added
        .replace(/^ +/gm, "")
        .replace("port: 5050", "port: 0")
        .replace("/etc/pki/katello/certs/katello-default-ca.crt", certificates.authority.certificatePath),
    ];
    const craned = await startCraned(["serve", "--config", files.write("crane.conf", settings.join("\n"))]);
    putAway(craned.stop);
    const port = freePort();
    const proxy = await startApache(
      sample("apache-katello.conf", {
        "<VirtualHost *:5000>": `Listen 127.0.0.1:${port}\n<VirtualHost *:${port}>`,
        "/etc/pki/katello/certs/katello-apache.crt": certificates.server.certificatePath,
        "/etc/pki/katello/private/katello-apache.key": certificates.server.keyPath,
        "/etc/pki/katello/certs/katello-server-ca.crt": certificates.authority.certificatePath,
        "/etc/pki/katello/certs/katello-default-ca.crt": certificates.authority.certificatePath,
        "/var/log/httpd/": `${files.path}/`,
        "http://127.0.0.1:5050/": `http://127.0.0.1:${craned.port}/`,
      }),
    );
    putAway(proxy.stop);
    const get = getThrough(port, certificates);
    world = { ...certificates, craned, get };
  });

  test("gives everybody what is public", async () => {
    for (const client of [undefined, world.entitled]) {
      const { status, headers } = await world.get(manifestOf("open"), client, SCHEMA_2);
      expect(status).toBe(302);
      expect(headers.get("location")).toBe("https://registry.example.com/pub/docker/v2/web/open/manifests/2/latest");
    }
  });

  test("gives what is protected to a certificate that opens it, and not to a header that has one", async () => {
    const { get, entitled } = world;
    expect((await get(manifestOf("closed"), entitled, SCHEMA_2)).status).toBe(302);
    expect((await get(manifestOf("closed"), undefined, SCHEMA_2)).status).toBe(404);
    const forged = { ...SCHEMA_2, SSL_CLIENT_CERT: unwrapped(entitled) };
    expect((await get(manifestOf("closed"), undefined, forged)).status).toBe(404);
  });

  test("refuses certificates of other issuers before craned sees them", async () => {
    await expect(world.get(manifestOf("open"), world.stranger, SCHEMA_2)).rejects.toThrow();
  });

  test("tells v1 clients the endpoint that Crane told them", async () => {
    const answer = await world.get("/v1/repositories/team/one/images");
    expect(answer.headers.get("x-docker-endpoints")).toBe("katello.example.com:5000");
  });

  test("hands on encoded paths as they came", async () => {
    expect((await world.get("/v2/team%2Fopen/manifests/latest", undefined, SCHEMA_2)).status).toBe(404);
  });
});

describe("deploy/crane.conf", () => {
  test("has nothing that craned warns of", async () => {
    const files = filesOf();
    const { authority } = certificatesOf();
    const settings = sample("crane.conf", {
      "/var/lib/crane/metadata/": join(files.path, "metadata"),
      "/etc/craned/client-ca.pem": authority.certificatePath,
    });
    const { code, err } = await runCraned(["check", "--config", files.write("crane.conf", settings)]);
    expect(err).toBe("");
    expect(code).toBe(0);
  });
});

describeWith(["systemd-analyze"], "deploy/craned.service", () => {
  const unit = () => {
    const files = scratch({
      "craned.service": sample("craned.service", { "ExecStart=craned": `ExecStart=${process.execPath}` }),
    });
    putAway(files.remove);
    return join(files.path, "craned.service");
  };

  test("is a unit that systemd understands in full", async () => {
    const [, release] = /systemd (\d+)/.exec(await succeed(["systemd-analyze", "--version"])) ?? [];
    const { code, out, err } = await run(["systemd-analyze", "verify", "--man=no", unit()]);
    const said = `${out}${err}`.trimEnd().split("\n");
    const tooNew = /Failed to parse service type, ignoring: notify-reload$/;
    const faults = said.filter((line) => line !== "" && !(Number(release) < 253 && tooNew.test(line)));
    expect([code, faults]).toEqual([0, []]);
  });

  test("gives little away", async () => {
    const { code } = await run(["systemd-analyze", "security", "--offline=yes", "--threshold=15", unit()]);
    expect(code).toBe(0);
  });
});
