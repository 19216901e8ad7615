/** Where craned listens: addresses, sockets, protocols and certificates. */
import { afterAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { AUTHORITY, scratchCertificates, version1 } from "../harness/certificates.ts";
import { runCraned, scratch, serveDirectory, startCraned } from "../harness/craned.ts";
import { freePort } from "../harness/nginx.ts";
import { describeWith, leftovers, run } from "../harness/programs.ts";
import { v5 } from "../harness/redirect-files.ts";
import { until } from "../harness/until.ts";

const putAway = leftovers();
const data = scratch();
afterAll(data.remove);

const alive = async (url: string, options: BunFetchRequestInit = {}): Promise<unknown> =>
  (await fetch(`${url}/healthz`, options)).json();

describe("[server] listen", () => {
  test("takes several addresses and a Unix socket, which is gone afterwards", async () => {
    const socket = join(data.path, "craned.sock");
    const ports = [freePort(), freePort()];
    const listen = [...ports.map((port) => `127.0.0.1:${port}`), `unix:${socket}`].join(", ");
    const craned = await startCraned(["serve", "--data-dir", data.path, "--listen", listen]);
    putAway(craned.stop);
    for (const port of ports) expect(await alive(`http://127.0.0.1:${port}`)).toEqual({ status: "alive" });
    expect(await alive("http://localhost", { unix: socket })).toEqual({ status: "alive" });
    expect(await craned.stop()).toBe(0);
    expect(existsSync(socket)).toBe(false);
  });

  test("is refused by name where an address is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    putAway(() => taken.close());
    const address = taken.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const listen = `127.0.0.1:${freePort()}, 127.0.0.1:${port}`;
    const { code, err } = await runCraned(["serve", "--data-dir", data.path, "--listen", listen]);
    expect(code).toBe(1);
    expect(err).toContain(`can't listen on 127.0.0.1:${port}: another program listens there`);
  });
});

describe("[management] listen", () => {
  test("takes a Unix socket", async () => {
    const socket = join(data.path, "management.sock");
    const craned = await serveDirectory(data.path, { args: ["--management-listen", `unix:${socket}`] });
    putAway(craned.stop);
    const ready = await (await fetch("http://localhost/readyz", { unix: socket })).json();
    expect(ready).toEqual({ status: "ready", repositories: 0, faults: 0, message: "no repositories" });
  });

  test("refuses names that it does not know, against DNS rebinding", async () => {
    const craned = await serveDirectory(data.path, { environment: { CRANE_MANAGEMENT_HOSTS: "Metrics.Example" } });
    putAway(craned.stop);
    const status = async (host: string) =>
      (await fetch(`http://127.0.0.1:${craned.managementPort}/metrics`, { headers: { Host: host } })).status;
    const port = craned.managementPort;
    for (const host of ["127.0.0.1", `127.0.0.1:${port}`, `[::1]:${port}`, "localhost", `localhost:${port}`]) {
      expect([host, await status(host)]).toEqual([host, 200]);
    }
    expect(await status("metrics.example:9090")).toBe(200);
    for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"]) {
      expect([host, await status(host)]).toEqual([host, 403]);
    }
  });

  test("is left out with a warning where its default address is taken", async () => {
    const taken = createServer();
    taken.on("error", () => {});
    await new Promise<void>((resolve) => taken.listen(5001, "127.0.0.1", resolve).once("error", () => resolve()));
    putAway(() => taken.close());
    const craned = await serveDirectory(data.path, { environment: { CRANE_MANAGEMENT_LISTEN: "" } });
    putAway(craned.stop);
    expect(await craned.logged((line) => line.includes("no management"))).toContain("127.0.0.1:5001");
    expect(await alive(craned.origin)).toEqual({ status: "alive" });
  });

  test("fails where the address that was chosen is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    putAway(() => taken.close());
    const address = taken.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const args = ["serve", "--data-dir", data.path, "--host", "127.0.0.1", "--port", "0"];
    const { code, err } = await runCraned([...args, "--management-listen", `127.0.0.1:${port}`]);
    expect([code, err.includes("another program listens there")]).toEqual([1, true]);
  });

  test("is on the registry's port too where the configuration says so, and nowhere else", async () => {
    const pages = ["/metrics", "/readyz", "/crane/repositories", "/crane/repositories/v1", "/crane/repositories/v2"];
    const apart = await serveDirectory(data.path);
    putAway(apart.stop);
    const together = await serveDirectory(data.path, { environment: { CRANE_MANAGEMENT_ON_REGISTRY_PORT: "yes" } });
    putAway(together.stop);
    for (const path of pages) {
      expect([path, (await fetch(apart.origin + path)).status]).toEqual([path, 404]);
      expect([path, (await fetch(together.origin + path)).status]).toEqual([path, 200]);
      expect([path, (await fetch(`${together.origin}${path}/`)).status]).toEqual([path, 404]);
    }
  });
});

describeWith(["openssl", "curl"], "TLS", () => {
  const certificates = scratchCertificates();
  afterAll(certificates.close);
  const made = () =>
    certificates.make({ name: "localhost", extensions: ["subjectAltName=DNS:localhost,IP:127.0.0.1"] });
  const [first, second] = [made(), made()];

  test("uses a new certificate for new connections, while open ones go on", async () => {
    const files = scratch();
    putAway(files.remove);
    const [certificate, key] = [join(files.path, "server.pem"), join(files.path, "server.key")];
    const install = ({ certificatePath, keyPath }: typeof first) => {
      copyFileSync(certificatePath, certificate);
      copyFileSync(keyPath, key);
    };
    install(first);
    const environment = { CRANE_SERVER_TLS_CERTIFICATE: certificate, CRANE_SERVER_TLS_KEY: key };
    const craned = await serveDirectory(data.path, { environment });
    putAway(craned.stop);
    const url = `https://localhost:${craned.port}`;
    const trusts = ({ pem }: typeof first) =>
      alive(url, { tls: { ca: pem }, keepalive: false }).then(
        () => true,
        () => false,
      );
    expect([await trusts(first), await trusts(second)]).toEqual([true, false]);
    install(second);
    craned.signal("SIGHUP");
    await craned.logged((line) => line.includes("a new certificate is in use"));
    await until(async () => (await trusts(second)) && !(await trusts(first)));
    files.write("server.pem", "garbage");
    craned.signal("SIGHUP");
    await craned.logged((line) => line.includes("the certificate in use stays"));
    // A connection that the old listener had not accepted when it closed is reset.
    await until(() => trusts(second));
  });

  test("reads the authorities of clients again on SIGHUP, and keeps the good ones", async () => {
    const [old, renewed] = ["old", "renewed"].map((name) => certificates.make({ name, extensions: AUTHORITY }));
    if (old === undefined || renewed === undefined) throw new Error("no authorities");
    const client = certificates.make({ name: "client", issuer: renewed, extensions: version1("/files") });
    const files = scratch({
      "data/shut.json": v5("team/app", { protected: true, url: "http://h/files/" }),
      "ca.pem": old.pem,
    });
    putAway(files.remove);
    const craned = await serveDirectory(join(files.path, "data"), {
      environment: {
        CRANE_AUTH_CLIENT_CA: join(files.path, "ca.pem"),
        CRANE_AUTH_CLIENT_CERT_FORMAT: "nginx",
        CRANE_SERVER_TRUSTED_PROXIES: "127.0.0.1",
      },
    });
    putAway(craned.stop);
    const headers = { "x-ssl-client-cert": encodeURIComponent(client.pem) };
    const sees = async () => (await fetch(`${craned.origin}/v2/team/app/tags/list`, { headers })).status === 200;
    expect(await sees()).toBe(false);
    files.write("ca.pem", renewed.pem);
    craned.signal("SIGHUP");
    await until(sees);
    files.write("ca.pem", "garbage");
    craned.signal("SIGHUP");
    await craned.logged((line) => line.includes("the authorities in use stay"));
    expect(await sees()).toBe(true);
  });

  test("speaks HTTP/2 where it is switched on, and HTTP/1.1 otherwise", async () => {
    const environment = { CRANE_SERVER_TLS_CERTIFICATE: first.certificatePath, CRANE_SERVER_TLS_KEY: first.keyPath };
    const version = async (args: readonly string[]) => {
      const craned = await serveDirectory(data.path, { environment, args });
      putAway(craned.stop);
      const url = `https://localhost:${craned.port}/v2/`;
      const { out } = await run(["curl", "-sk", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", url]);
      return out;
    };
    expect(await version(["--http2"])).toBe("2 200");
    expect(await version([])).toBe("1.1 200");
  });
});
