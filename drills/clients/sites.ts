/** The registries that clients are sent to. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildDemo } from "../../lib/demo/demo.ts";
import { type Craned, scratch, serveDirectory, startCraned } from "../../tests/harness/craned.ts";
import { v5 } from "../../tests/harness/redirect-files.ts";

export const USER = "somebody";
export const PASSWORD = "correct horse: battery";
export const MANY_TAGS: readonly string[] = Array.from({ length: 2500 }, (_, at) => `t${String(at).padStart(4, "0")}`);

/** Hosts with their ports. */
export interface Sites {
  /** `craned demo`, whose static host knows nothing of registries. */
  readonly demo: string;
  /** The same names and a protected one, behind a password; the bytes are at the demo's static host. */
  readonly closed: string;
  /** The same names, and `drill/many` with 2,500 tags; the bytes come from craned itself. */
  readonly serving: string;
  /** A mirror of `registry.test`, whose names are below `hub/` here, and of docker.io, without a prefix. */
  readonly mirror: string;
  readonly stop: () => Promise<void>;
}

/** An image of a registry that is not there, and that is mirrored. */
export const MIRRORED = "registry.test/library/hello:latest";

/** Writes the mirror into a configuration for skopeo, podman and buildah. Resolves with its path. */
export async function writeMirrors(home: string, mirror: string): Promise<string> {
  const path = join(home, "registries.conf");
  const registry = '[[registry]]\nlocation = "registry.test"\n';
  await Bun.write(path, `${registry}[[registry.mirror]]\nlocation = "${mirror}/hub"\ninsecure = true\n`);
  return path;
}

/** A redirect file's text, under another name. */
const twin = (text: string | undefined, name: string, more: object = {}): object => ({
  ...JSON.parse(text ?? ""),
  "repo-registry-id": name,
  ...more,
});

function writeTree(directory: string, objects: ReadonlyMap<string, { readonly bytes: Uint8Array }>): void {
  for (const [path, { bytes }] of objects) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
}

/** Starts them all on free ports of the loopback. */
export async function startSites(): Promise<Sites> {
  const work = scratch();
  const started: Craned[] = [];
  const keep = async (starting: Promise<Craned>): Promise<Craned> => {
    const craned = await starting;
    started.push(craned);
    return craned;
  };
  const stop = async () => {
    for (const craned of started) await craned.stop();
    work.remove();
  };
  try {
    const demo = await keep(startCraned(["demo", "--port", "0", "--host", "127.0.0.1"]));
    const { redirectFiles, objects } = buildDemo(demo.origin);
    for (const [name, text] of redirectFiles) {
      work.write(`closed/${name}`, text);
      work.write(`serving/${name}`, text);
    }
    work.write(
      "closed/protected.json",
      twin(redirectFiles.get("v2-demo-hello.json"), "demo/closed", { protected: true }),
    );
    work.write("serving/many.json", v5("drill/many", { url: "http://static.invalid/", schema2_data: MANY_TAGS }));
    writeTree(join(work.path, "content"), objects);
    const hash = await Bun.password.hash(PASSWORD, { algorithm: "bcrypt", cost: 4 });
    const htpasswd = work.write("htpasswd", `${USER}:${hash}\n`);
    const closed = await keep(serveDirectory(join(work.path, "closed"), { args: ["--auth-htpasswd", htpasswd] }));
    const content = (api: string) => join(work.path, "content", api);
    const serving = await keep(
      serveDirectory(join(work.path, "serving"), {
        environment: {
          CRANE_SERVE_CONTENT_ENABLE: "true",
          CRANE_SERVE_CONTENT_CONTENT_DIR_V1: content("v1"),
          CRANE_SERVE_CONTENT_CONTENT_DIR_V2: content("v2"),
        },
      }),
    );
    for (const name of ["hub/library/hello", "library/hello"]) {
      work.write(`mirror/${name}.json`, twin(redirectFiles.get("v2-demo-hello.json"), name));
    }
    const config = work.write("mirror.conf", "[mirror]\nregistry.test = hub/\n");
    const mirror = await keep(serveDirectory(join(work.path, "mirror"), { args: ["--config", config] }));
    const hostOf = ({ port }: Craned): string => `127.0.0.1:${port}`;
    return { demo: hostOf(demo), closed: hostOf(closed), serving: hostOf(serving), mirror: hostOf(mirror), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
