/** Clients of one kind of artifact. Each pushes one to a registry; craned publishes it, and each has to get it back. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { HELLO, sha256 } from "../../tests/clients/demo-content.ts";
import { runCraned, scratch, serveDirectory } from "../../tests/harness/craned.ts";
import { startDistribution } from "../../tests/harness/distribution.ts";
import { freePort } from "../../tests/harness/nginx.ts";
import { whereIs } from "../../tests/harness/programs.ts";
import { linesOf, mustBe } from "./expected.ts";
import { toolIn } from "./tool.ts";

/** One artifact in the registry that it was pushed to. */
interface Pushed {
  readonly version: string;
  /** Its name in every registry. */
  readonly repository: string;
  /** Rejects unless the client gets it from a registry, as it was pushed. */
  readonly get: (host: string) => Promise<void>;
}

interface ArtifactClient {
  readonly name: string;
  readonly programs: readonly string[];
  readonly source: string;
  readonly title: string;
  /** @param demo the host of a registry that has `demo/hello` @param registry the host to push to */
  readonly push: (registry: string, home: string, demo: string) => Promise<Pushed>;
}

const helm: ArtifactClient = {
  name: "helm",
  programs: ["helm"],
  source: "`go install helm.sh/helm/v3/cmd/helm@v3.22.0`",
  title: "pulls a chart, by version and the newest",
  async push(registry, home) {
    const run = toolIn(home, ["helm"]);
    await run("create", "chart");
    await run("package", "chart");
    const [file = ""] = readdirSync(home).filter((name) => name.endsWith(".tgz"));
    const bytes = async (path: string) => sha256(await Bun.file(path).bytes());
    const expected = await bytes(join(home, file));
    await run("push", file, `oci://${registry}/charts`, "--plain-http");
    return {
      version: (await run("version", "--template", "{{.Version}}")).trim(),
      repository: "charts/chart",
      async get(host) {
        for (const [directory, ...version] of [["newest"], ["exact", "--version", "0.1.0"]] as const) {
          mkdirSync(join(home, directory), { recursive: true });
          await run("pull", `oci://${host}/charts/chart`, "--plain-http", "--destination", directory, ...version);
          mustBe(await bytes(join(home, directory, file)), expected);
        }
      },
    };
  },
};

const cosign: ArtifactClient = {
  name: "cosign",
  programs: ["cosign", "skopeo"],
  source: "`go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3`",
  title: "verifies a signature, of a tag and of a digest",
  async push(registry, home, demo) {
    const run = toolIn(home, ["cosign"], { COSIGN_PASSWORD: "" });
    const image = `${registry}/signed/hello`;
    const copy = ["copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false"];
    await toolIn(home, ["skopeo"])(...copy, `docker://${demo}/demo/hello:latest`, `docker://${image}:1.0`);
    await run("generate-key-pair");
    const offline = ["--tlog-upload=false", "--use-signing-config=false", "--yes", "--allow-http-registry"];
    await run("sign", "--key", "cosign.key", ...offline, `${image}@${HELLO.index.digest}`);
    const verify = ["verify", "--key", "cosign.pub", "--insecure-ignore-tlog", "--allow-http-registry"];
    return {
      version: /GitVersion: +(\S+)/.exec(await run("version"))?.[1] ?? "",
      repository: "signed/hello",
      async get(host) {
        for (const reference of [":1.0", `@${HELLO.index.digest}`]) {
          const verified = await run(...verify, `${host}/signed/hello${reference}`);
          mustBe(verified.includes(HELLO.index.digest), true);
        }
      },
    };
  },
};

const CLIENTS: readonly ArtifactClient[] = [helm, cosign];

/** A row of the table. */
export interface ArtifactRow {
  readonly name: string;
  readonly source: string;
  readonly title: string;
  /** Undefined when it was not run. */
  readonly version?: string;
  /** Undefined when it worked. */
  readonly failure?: string;
}

/** Publishes all that a registry has of a name to a directory that Python's web server serves. */
async function serveOnAnyHost(registry: string, names: readonly string[], directory: string) {
  const port = freePort();
  const at = (name: string) => join(directory, name);
  mkdirSync(at("content"), { recursive: true });
  mkdirSync(at("metadata"));
  const files = ["python3", "-m", "http.server", `${port}`, "--bind", "127.0.0.1", "--directory", at("content")];
  const host = Bun.spawn(files, { stdout: "ignore", stderr: "ignore" });
  const places = ["--url", `http://127.0.0.1:${port}`, "--content", at("content"), "--metadata", at("metadata")];
  for (const name of names) {
    const source = `docker://${registry}/${name}`;
    const { code, err } = await runCraned(["publish", source, "--src-tls-verify=false", "--name", name, ...places]);
    if (code !== 0) throw new Error(err);
  }
  const craned = await serveDirectory(at("metadata"));
  const stop = async () => {
    await craned.stop();
    host.kill();
    await host.exited;
  };
  return { host: `127.0.0.1:${craned.port}`, stop };
}

const messageOf = (error: unknown) => linesOf(error instanceof Error ? error.message : String(error)).join(" ");

/** @param demo the host of a registry that has `demo/hello` */
export async function artifactRows(demo: string): Promise<readonly ArtifactRow[]> {
  const work = scratch();
  const registry = await startDistribution(join(work.path, "registry"));
  const pushed: (Pushed & Pick<ArtifactRow, "name" | "source" | "title">)[] = [];
  const rows: ArtifactRow[] = [];
  try {
    for (const { name, programs, source, title, push } of CLIENTS) {
      const missing = programs.filter((program) => whereIs(program) === null);
      const home = join(work.path, name);
      mkdirSync(home);
      const result =
        missing.length > 0
          ? `no ${missing.join(", no ")} there`
          : await push(registry.host, home, demo).catch(messageOf);
      if (typeof result === "string") rows.push({ name, source, title, failure: result });
      else pushed.push({ ...result, name, source, title });
    }
    const names = pushed.map(({ repository }) => repository);
    const { host, stop } = await serveOnAnyHost(registry.host, names, join(work.path, "site"));
    for (const { name, source, title, version, get } of pushed) {
      const failure = await get(host).then(() => undefined, messageOf);
      rows.push({ name, source, title, version, ...(failure === undefined ? {} : { failure }) });
    }
    await stop();
  } finally {
    await registry.stop();
    work.remove();
  }
  for (const { name, title, version, failure } of rows)
    console.log(`${name} ${version ?? ""} ${title}: ${failure ?? "works"}`);
  return rows;
}
