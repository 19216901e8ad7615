import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { authorityWarnings, readAuthorities } from "../../../lib/auth/certificates/authorities.ts";
import { parseCertificate } from "../../../lib/auth/certificates/certificate.ts";
import { loadConfig } from "../../../lib/config/load.ts";
import { AUTHORITY, scratchCertificates } from "../../harness/certificates.ts";
import { runCraned, scratch } from "../../harness/craned.ts";

// Keys, hashes and processes take long on a busy machine.
setDefaultTimeout(60_000);

const certificates = scratchCertificates();
const directory = scratch({});
afterAll(() => {
  certificates.close();
  directory.remove();
});

const root = certificates.make({ name: "root", extensions: AUTHORITY });
const forServers = certificates.make({ name: "servers", extensions: [...AUTHORITY, "extendedKeyUsage=serverAuth"] });
const path = directory.write("ca.pem", `${root.pem}${forServers.pem}`);
const settings = ["[server]", "trusted_proxies: 10.0.0.1", "[auth]", `client_ca: ${path}`, "client_cert_format: nginx"];
const PURPOSE =
  `${path}: auth.client_ca: expected an authority for clients as number 2, ` +
  "received one whose extended key usage is another";

test("craned check warns of an authority that can't issue for clients", async () => {
  const config = directory.write(
    "crane.conf",
    ["[general]", `data_dir: ${directory.path}`, ...settings, ""].join("\n"),
  );
  const { code, out } = await runCraned(["check", "--config", config]);
  expect(out.split("\n")).toContain(`warning: ${PURPOSE}`);
  expect(code).toBe(0);
});

describe("the dates of an authority", () => {
  const loaded = loadConfig({
    flags: {},
    environment: {},
    readFile: () => ({ kind: "text", text: settings.join("\n") }),
  });
  const { auth } = loaded.config;
  const read = readAuthorities(auth);
  const warningsAt = (at: number): readonly string[] =>
    authorityWarnings(auth, read.ok ? (read.authorities ?? []) : [], at).filter((each) => each !== PURPOSE);
  const { notBefore = 0, notAfter = 0 } = parseCertificate(root.der) ?? {};
  const about = `${path}: auth.client_ca: expected a valid one as number 1, received one that`;

  test.each([
    ["too early", notBefore - 1000, `${about} is valid from ${new Date(notBefore).toISOString()}`],
    ["too late", notAfter + 1000, `${about} expired at ${new Date(notAfter).toISOString()}`],
  ])("give a warning: %s", (_, at, warning) => {
    expect(warningsAt(at)).toContain(warning);
  });

  test("give none while it is valid", () => {
    expect(warningsAt(notBefore + 60_000)).toEqual([]);
  });
});
