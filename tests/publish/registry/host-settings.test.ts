/** A registry as this machine is set up to reach it: by docker's and podman's certificates and registries.conf. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AUTHORITY, scratchCertificates } from "../../harness/certificates.ts";
import { runCraned, type Scratch, scratch } from "../../harness/craned.ts";
import { describeWith, leftovers } from "../../harness/programs.ts";
import { layoutAt, publishArguments } from "../layouts.ts";
import { serveLayout } from "./fake-registry.ts";

setDefaultTimeout(60_000);

const work = scratch();
afterAll(work.remove);
const afterwards = leftovers();

const layout = layoutAt(join(work.path, "layout"));
layout.finish([["1.0", layout.image("oci", "secret")]]);
const plain = serveLayout(layout.path);
afterwards(plain.stop);

let homes = 0;

/** Publishes with these files below `$HOME/.config/containers`. */
async function publishWith(host: string, files: Readonly<Record<string, string>>) {
  const home: Scratch = scratch(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`.config/containers/${name}`, text])),
  );
  afterwards(home.remove);
  const site = join(work.path, `site-${homes++}`);
  return await runCraned(publishArguments(site, `docker://${host}/team/app:1.0`, []), { HOME: home.path });
}

describeWith(["openssl"], "a registry with TLS", () => {
  const made = scratchCertificates();
  afterwards(made.close);
  const authority = made.make({ name: "authority", extensions: AUTHORITY });
  const server = made.make({ name: "127.0.0.1", issuer: authority, extensions: ["subjectAltName=IP:127.0.0.1"] });
  const client = made.make({ name: "client", issuer: authority, extensions: ["extendedKeyUsage=clientAuth"] });
  const text = (path: string) => readFileSync(path, "utf8");
  const serve = (more: object) => {
    const running = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { key: text(server.keyPath), cert: server.pem, ...more },
      fetch: (request) => fetch(`${plain.origin}${new URL(request.url).pathname}`, { headers: request.headers }),
    });
    afterwards(() => running.stop(true));
    return `127.0.0.1:${running.port}`;
  };

  test("is trusted with the authority in certs.d", async () => {
    const host = serve({});
    const without = await publishWith(host, {});
    expect([without.code, without.err]).toEqual([1, expect.stringContaining("can't be reached: UNABLE_TO")]);
    const { code, err } = await publishWith(host, { [`certs.d/${host}/ca.crt`]: authority.pem });
    expect([code, err]).toEqual([0, expect.stringContaining("tag 1.0  new")]);
  });

  test("is shown the client's certificate in certs.d", async () => {
    const host = serve({ ca: authority.pem, requestCert: true, rejectUnauthorized: true });
    const files = { [`certs.d/${host}/ca.crt`]: authority.pem };
    expect((await publishWith(host, files)).code).toBe(1);
    const own = { ...files, [`certs.d/${host}/me.cert`]: client.pem };
    const keyless = await publishWith(host, own);
    expect(keyless.err).toMatch(/certs\.d\/.*\/me\.key: expected a file, received nothing/);
    const { code, err } = await publishWith(host, { ...own, [`certs.d/${host}/me.key`]: text(client.keyPath) });
    expect([code, err]).toEqual([0, expect.stringContaining("tag 1.0  new")]);
  });

  test("is not asked for a certificate that anybody vouches for where registries.conf calls it insecure", async () => {
    const host = serve({});
    const insecure = (location: string, is = true) => `[[registry]]\nlocation = "${location}"\ninsecure = ${is}\n`;
    for (const files of [
      { "registries.conf.d/own.conf": insecure(`${host}/team`) },
      { "registries.conf": insecure(host, false), "registries.conf.d/own.conf": insecure(host) },
      { "registries.conf": '[[registry]]\nprefix = "*.0.0.1"\ninsecure = true\n' },
      { "registries.conf": `[registries.insecure]\nregistries = ["${host}"]\n` },
    ]) {
      const { code, err } = await publishWith(host, files);
      expect([code, err]).toEqual([0, expect.stringContaining("tag 1.0  new")]);
    }
  });
});

test("mirrors and other names in registries.conf are said not to be heeded, as is a file that is none", async () => {
  const { host } = new URL(plain.origin);
  const mirrored = `[[registry]]\nprefix = "${host}"\nlocation = "other.example"\n[[registry.mirror]]\nlocation = "a.example"\n`;
  const { code, err } = await publishWith(host, { "registries.conf": mirrored });
  expect([code, err]).toEqual([
    0,
    expect.stringContaining(`registries.conf: mirror, location of ${host}: not heeded, ${host} itself is asked`),
  ]);
  const helpers = await publishWith(host, { "registries.conf": 'credential-helpers = ["vault"]\n' });
  expect([helpers.code, helpers.err]).toEqual([
    0,
    expect.stringContaining("credential-helpers: vault: not heeded (give --src-creds)"),
  ]);
  const broken = await publishWith(host, { "registries.conf": "[[" });
  expect([broken.code, broken.err]).toEqual([1, expect.stringContaining("registries.conf: expected TOML")]);
  const wrong = await publishWith(host, { "registries.conf": "[[registry]]\ninsecure = 1\n" });
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("registry.0.insecure: expected true or false")]);
});
