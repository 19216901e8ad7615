/** `craned healthcheck`, as a container's scheduler runs it beside the server. */
import { describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { join } from "node:path";
import { runCraned, scratch, serveDirectory } from "../harness/craned.ts";
import { describeWith, leftovers, succeed } from "../harness/programs.ts";

const afterwards = leftovers();

/** Something that answers as a test wants, on a free port. */
function answering(status: number, body: string): number {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) => new Response(body, { status: /z$/.test(new URL(url).pathname) ? status : 404 }),
  });
  afterwards(() => server.stop(true));
  return server.port ?? 0;
}

const portOf = (server: ReturnType<typeof createServer>): number => {
  const address = server.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
};

/** A port that takes connections and says nothing, or that nothing listens on any more. */
async function silentPort({ isClosed }: { readonly isClosed: boolean }): Promise<number> {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = portOf(server);
  if (isClosed) await new Promise((resolve) => server.close(resolve));
  else afterwards(() => server.close());
  return port;
}

/** Runs the command for a server whose management has this port. */
const askHealth = (port: number) => runCraned(["healthcheck", "--management-listen", `127.0.0.1:${port}`]);

describe("craned healthcheck", () => {
  test("finds the server of the same environment ready, though that listens on all addresses", async () => {
    const data = scratch();
    afterwards(data.remove);
    const server = await serveDirectory(data.path);
    afterwards(server.stop);
    const environment = { CRANE_MANAGEMENT_LISTEN: `0.0.0.0:${server.managementPort}` };
    const { code, out, err } = await runCraned(["healthcheck"], environment);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toBe(
      `http://127.0.0.1:${server.managementPort}/readyz answered {"status":"ready","repositories":0,"faults":0,"message":"no repositories"}\n`,
    );
  });

  test("finds a server not ready whose every file is in error", async () => {
    const data = scratch({ "a.json": "{" });
    afterwards(data.remove);
    const server = await serveDirectory(data.path);
    afterwards(server.stop);
    const { code, out, err } = await askHealth(server.managementPort);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toBe(
      `error: http://127.0.0.1:${server.managementPort}/readyz answered 503: {"status":"broken","repositories":0,"faults":1,"message":"no repositories"}\n`,
    );
  });

  test("reads the same file", async () => {
    const port = answering(200, "fine");
    const config = scratch({ "crane.conf": `[server]\nhost: 127.0.0.1\nport: ${port}\n` });
    afterwards(config.remove);
    const file = { CRANE_CONFIG_PATH: join(config.path, "crane.conf"), CRANE_MANAGEMENT_LISTEN: "off" };
    const { code, out } = await runCraned(["healthcheck"], file);
    expect({ code, out }).toEqual({ code: 0, out: `http://127.0.0.1:${port}/healthz answered fine\n` });
  });

  test("asks this machine itself, whatever proxy there is for others", async () => {
    const port = answering(200, "fine");
    const proxy = `http://127.0.0.1:${answering(500, "proxied")}`;
    const environment = { CRANE_MANAGEMENT_LISTEN: `127.0.0.1:${port}`, HTTP_PROXY: proxy, http_proxy: proxy };
    expect((await runCraned(["healthcheck"], environment)).code).toBe(0);
  });

  test("fails while the server is loading, and repeats what it said", async () => {
    const port = answering(503, '{"status":"loading"}');
    const { code, out, err } = await askHealth(port);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toBe(`error: http://127.0.0.1:${port}/readyz answered 503: {"status":"loading"}\n`);
  });

  test("fails where nothing listens", async () => {
    const port = await silentPort({ isClosed: true });
    const { code, err } = await askHealth(port);
    expect({ code, err }).toEqual({ code: 1, err: `error: http://127.0.0.1:${port}/readyz: nothing listens there\n` });
  });

  test("fails where the server takes connections and does not answer", async () => {
    const port = await silentPort({ isClosed: false });
    const { code, err } = await askHealth(port);
    expect(code).toBe(1);
    expect(err).toBe(`error: http://127.0.0.1:${port}/readyz: no answer within 4 seconds\n`);
  }, 20_000);

  test.each([
    ["--management-listen", "127.0.0.1:0", "the port to ask is unknown"],
    ["--management-listen", "banana", "--management-listen"],
  ])("fails with %s %s, and says why", async (flag, value, reason) => {
    const { code, err } = await runCraned(["healthcheck", flag, value]);
    expect(code).toBe(1);
    expect(err).toContain(reason);
  });
});

describeWith(["openssl"], "craned healthcheck over TLS", () => {
  test("asks the registry itself where management is off, though its certificate is for another name", async () => {
    const files = scratch();
    afterwards(files.remove);
    const [certificate, key] = [join(files.path, "cert.pem"), join(files.path, "key.pem")];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    const subject = ["-subj", "/CN=registry.test"];
    await succeed(["openssl", "req", "-x509", ...kind, ...subject, "-keyout", key, "-out", certificate]);
    const tls = { CRANE_SERVER_TLS_CERTIFICATE: certificate, CRANE_SERVER_TLS_KEY: key };
    const server = await serveDirectory(files.path, { environment: tls });
    afterwards(server.stop);
    const off = { ...tls, CRANE_MANAGEMENT_LISTEN: "off" };
    const { code, out, err } = await runCraned(["healthcheck", "--port", String(server.port)], off);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain(`https://127.0.0.1:${server.port}/healthz answered {"status":"alive"`);
  });
});
