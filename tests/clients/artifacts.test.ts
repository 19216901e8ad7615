/**
 * Clients of one kind of artifact, which is published to a host that knows nothing of registries: the client gets it
 * back through craned.
 */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { scratchCertificates } from "../harness/certificates.ts";
import { type Craned, runCraned, type Scratch, scratch, serveDirectory, startCraned } from "../harness/craned.ts";
import { startDistribution } from "../harness/distribution.ts";
import { freePort } from "../harness/nginx.ts";
import { describeWith, leftovers, run } from "../harness/programs.ts";
import { startPython } from "../harness/python-host.ts";
import { layoutAt } from "../publish/layouts.ts";
import { HELLO, sha256 } from "./demo-content.ts";

setDefaultTimeout(120_000);

const afterwards = leftovers();

/** A directory of its own, which clients take for their home. */
function home(environment: Readonly<Record<string, string>> = {}) {
  const work = scratch();
  afterwards(work.remove);
  const env = { PATH: process.env["PATH"], HOME: work.path, ...environment };
  const succeed = async (...command: readonly string[]): Promise<string> => {
    const { code, out, err } = await run(command, env);
    if (code !== 0) throw new Error(`${command.join(" ")}\nended with ${code}:\n${err}`);
    return out + err;
  };
  return { at: (...names: readonly string[]) => join(work.path, ...names), succeed, work };
}

/** Publishes a repository to a directory that Python serves, and serves it. @param args of `craned serve` */
async function serveFrom(
  source: string,
  name: string,
  { path }: Scratch,
  args: readonly string[] = [],
): Promise<Craned> {
  const [content, metadata, port] = [join(path, "content"), join(path, "metadata"), freePort()];
  mkdirSync(content);
  afterwards((await startPython(port, content)).stop);
  const places = ["--url", `http://127.0.0.1:${port}`, "--content", content, "--metadata", metadata];
  const isRegistry = source.startsWith("docker://");
  const published = await runCraned([
    ...["publish", source, "--name", name, ...places],
    ...(isRegistry ? ["--src-tls-verify=false"] : []),
  ]);
  if (published.code !== 0) throw new Error(published.err);
  const craned = await serveDirectory(metadata, { args });
  afterwards(craned.stop);
  return craned;
}

async function startRegistry({ path }: Scratch): Promise<string> {
  const registry = await startDistribution(join(path, "registry"));
  afterwards(registry.stop);
  return registry.host;
}

describeWith(["docker-registry", "python3", "helm"], "helm", () => {
  const { at, succeed, work } = home();
  let chart: string;
  let pushed: string;

  beforeAll(async () => {
    const registry = await startRegistry(work);
    await succeed("helm", "create", at("app"));
    await succeed("helm", "package", at("app"), "--destination", at());
    await succeed("helm", "push", at("app-0.1.0.tgz"), `oci://${registry}/charts`, "--plain-http");
    pushed = sha256(await Bun.file(at("app-0.1.0.tgz")).bytes());
    const craned = await serveFrom(`docker://${registry}/charts/app`, "charts/app", work);
    chart = `oci://127.0.0.1:${craned.port}/charts/app`;
  });

  test.each([
    ["the newest version", []],
    ["a version", ["--version", "0.1.0"]],
  ])("pulls %s of a chart", async (name, version) => {
    const directory = at(name);
    mkdirSync(directory);
    await succeed("helm", "pull", chart, "--plain-http", "--destination", directory, ...version);
    expect(sha256(await Bun.file(join(directory, "app-0.1.0.tgz")).bytes())).toBe(pushed);
  });

  test("shows what a chart is", async () => {
    expect(await succeed("helm", "show", "chart", chart, "--plain-http")).toContain("name: app\n");
  });
});

describeWith(["docker-registry", "python3", "skopeo", "cosign"], "cosign", () => {
  const { at, succeed, work } = home({ COSIGN_PASSWORD: "" });
  const [referrer, tag] = ["a referrer of it", "a tag named after it"];
  const images = new Map<string, string>();

  beforeAll(async () => {
    const registry = await startRegistry(work);
    const demo = await startCraned(["demo", "--port", "0", "--host", "127.0.0.1"]);
    const hello = `docker://127.0.0.1:${demo.port}/demo/hello:latest`;
    await succeed("cosign", "generate-key-pair", "--output-key-prefix", at("cosign"));
    const offline = ["--tlog-upload=false", "--use-signing-config=false", "--yes", "--allow-http-registry"];
    for (const [kind, name, format] of [
      [referrer, "hello", "--new-bundle-format"],
      [tag, "old", "--new-bundle-format=false"],
    ] as const) {
      const image = `${registry}/signed/${name}`;
      const verify = ["--src-tls-verify=false", "--dest-tls-verify=false"];
      await succeed("skopeo", "copy", "-q", "--all", ...verify, hello, `docker://${image}:1.0`);
      await succeed("cosign", "sign", "--key", at("cosign.key"), ...offline, format, `${image}@${HELLO.index.digest}`);
      mkdirSync(at(name));
      const craned = await serveFrom(`docker://${image}`, `signed/${name}`, { ...work, path: at(name) });
      images.set(kind, `127.0.0.1:${craned.port}/signed/${name}`);
    }
    await demo.stop();
  });

  const REFERENCES = [":1.0", `@${HELLO.index.digest}`];
  test.each([referrer, tag].flatMap((kind) => REFERENCES.map((reference) => [kind, reference] as const)))(
    "verifies a signature that is %s, of %s",
    async (kind, reference) => {
      const image = `${images.get(kind)}${reference}`;
      const format = `--new-bundle-format=${kind === referrer}`;
      const offline = ["--insecure-ignore-tlog", "--allow-http-registry", format];
      expect(await succeed("cosign", "verify", "--key", at("cosign.pub"), ...offline, image)).toContain(
        HELLO.index.digest,
      );
    },
  );

  test("has signed each image in its own way", async () => {
    const listed = async (kind: string, path: string) => {
      const [host, name] = (images.get(kind) ?? "").split("/signed/");
      return await (await fetch(`http://${host}/v2/signed/${name}/${path}`)).json();
    };
    const sig = `${HELLO.index.digest.replace(":", "-")}.sig`;
    expect(await listed(tag, "tags/list")).toMatchObject({ tags: ["1.0", sig] });
    const bundle = expect.objectContaining({ artifactType: expect.stringContaining("sigstore.bundle") });
    expect(await listed(referrer, `referrers/${HELLO.index.digest}`)).toMatchObject({ manifests: [bundle] });
  });

  test("refuses the signature of another key", async () => {
    await succeed("cosign", "generate-key-pair", "--output-key-prefix", at("other"));
    const offline = ["--insecure-ignore-tlog", "--allow-http-registry"];
    const verified = succeed("cosign", "verify", "--key", at("other.pub"), ...offline, `${images.get(referrer)}:1.0`);
    await expect(verified).rejects.toThrow();
  });
});

describeWith(["python3", "openssl", "tofu"], "OpenTofu", () => {
  const { at, work } = home();

  test("installs a provider by tag from an oci_mirror", async () => {
    const certificates = scratchCertificates();
    afterwards(certificates.close);
    const server = certificates.make({ name: "localhost", extensions: ["subjectAltName=IP:127.0.0.1"] });
    // A provider is a program in a zip; to install it, OpenTofu does not run it.
    work.write("terraform-provider-sample_v1.2.3", "#!/bin/sh\n");
    await Bun.$`python3 -m zipfile -c ${at("provider.zip")} ${at("terraform-provider-sample_v1.2.3")}`;
    const layout = layoutAt(at("layout"));
    const artifactType = "application/vnd.opentofu.provider-target";
    const platform = { os: process.platform, architecture: process.arch === "arm64" ? "arm64" : "amd64" };
    const target = layout.manifest(
      "oci",
      {
        artifactType,
        config: layout.blob("application/vnd.oci.empty.v1+json", "{}"),
        layers: [layout.blob("archive/zip", await Bun.file(at("provider.zip")).bytes())],
      },
      { artifactType, platform },
    );
    const provider = layout.list("index", [target], { artifactType: "application/vnd.opentofu.provider" });
    layout.finish([["1.2.3", provider]]);
    const tls = ["--tls-certificate", server.certificatePath, "--tls-key", server.keyPath];
    const { port } = await serveFrom(layout.path, "providers/team/sample", work, tls);

    const mirror = `oci_mirror {
      repository_template = "127.0.0.1:${port}/providers/\${namespace}/\${type}"
      include = ["registry.test/*/*"]
    }`;
    work.write("tofurc", `provider_installation {\n${mirror}\n}\n`);
    const needed = 'sample = { source = "registry.test/team/sample", version = "1.2.3" }';
    work.write("module/main.tf", `terraform {\n required_providers {\n ${needed}\n }\n}\n`);
    const env = { PATH: process.env["PATH"], TF_CLI_CONFIG_FILE: at("tofurc"), SSL_CERT_FILE: server.certificatePath };
    const { out, err } = await run(["tofu", `-chdir=${at("module")}`, "init", "-no-color"], { ...env, HOME: at() });
    expect(out + err).toContain("Installed registry.test/team/sample v1.2.3");
    const installed = at("module/.terraform/providers/registry.test/team/sample/1.2.3");
    expect(readdirSync(installed, { recursive: true }).join(" ")).toContain("terraform-provider-sample_v1.2.3");
  });
});
