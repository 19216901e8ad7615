/** Servers that are compared: what they are, what they answer, and how they start. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileOf, nameOf, tagOf, urlOf, writeFiles } from "./data.ts";
import { wholeFileOf, writeLayouts, writeStorage } from "./images.ts";
import { cranedCommand } from "./process.ts";

export const KINDS = ["manifest", "blob", "tags"] as const;

/** What a request asks for: a manifest by its tag, a blob, or the list of tags. */
export type Kind = (typeof KINDS)[number];

/** What all contestants answer from. */
export interface Field {
  readonly repositories: number;
  /** Of each repository. */
  readonly tags: number;
  /** Directory to write in. */
  readonly scratch: string;
  readonly port: number;
  /** Answers HEAD of every blob with 200. */
  readonly blobHost: string;
  /** Where distribution redirects blobs to; undefined makes it send them itself. */
  readonly blobRedirects?: string | undefined;
}

/** A server that is asked for the same things as craned. */
export interface Contestant {
  readonly name: string;
  /** Program that must be there. */
  readonly program: string;
  /** Status of each kind of request that it can answer. */
  readonly answers: Readonly<Partial<Record<Kind, number>>>;
  /** Whether its redirects of manifests lead where craned's do; others lead anywhere. */
  readonly isSame?: boolean;
  /** Writes what it needs. @returns its command */
  readonly prepare: (field: Field) => readonly string[];
}

/** A program of the PATH, unless a variable of the environment names another. */
const program = (variable: string, name: string): string => process.env[variable] ?? name;

const upTo = (length: number) => Array.from({ length }, (_, number) => number);

function write(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function directoryOf(
  { scratch, repositories, tags }: Field,
  name: string,
  make: (repository: number, tags: number) => object = fileOf,
): string {
  const directory = join(scratch, name);
  if (existsSync(directory)) return directory;
  mkdirSync(directory, { recursive: true });
  writeFiles(directory, repositories, tags, { make });
  return directory;
}

export const craned: Contestant = {
  name: "craned",
  program: "dist/craned",
  answers: { manifest: 302, blob: 302, tags: 200 },
  isSame: true,
  prepare: (field) => cranedCommand(directoryOf(field, "v5"), field.port),
};

export const whole: Contestant = {
  name: "craned, version 6",
  program: "dist/craned",
  answers: { manifest: 200, blob: 302, tags: 200 },
  prepare: (field) => cranedCommand(directoryOf(field, "v6", wholeFileOf), field.port),
};

const constant = (kind: string, name: string): Contestant => ({
  name,
  program: process.execPath,
  answers: { manifest: 302, blob: 302 },
  prepare: ({ port }) => [process.execPath, join(import.meta.dir, "constant.ts"), kind, String(port)],
});

export const bareElysia = constant("elysia", "Elysia, one constant 302");

const MISSING = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}';

/** Looks manifests up by their whole path in a hash; tries everything else as a blob. */
export const nginx: Contestant = {
  name: "nginx, a map of all references",
  program: "nginx",
  answers: { manifest: 302, blob: 302, tags: 200 },
  isSame: true,
  prepare: ({ scratch, port, repositories, tags }) => {
    const names = upTo(tags).map(tagOf);
    const all = upTo(repositories);
    const entries = (line: (repository: number) => string | readonly string[]) => all.flatMap(line).join("\n");
    const manifests = entries((each) =>
      names.map((tag) => `"/v2/${nameOf(each)}/manifests/${tag}" "${urlOf(each)}manifests/2/${tag}";`),
    );
    const lists = entries((each) => {
      const name = nameOf(each);
      return `"/v2/${name}/tags/list" '${JSON.stringify({ name, tags: names.toSorted() })}';`;
    });
    const text = `
worker_processes 1; daemon off; pid ${scratch}/nginx.pid; error_log /dev/null;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; default_type application/json;
  map_hash_max_size 262144; map_hash_bucket_size 512;
  map $name $base { ${entries((each) => `"${nameOf(each)}" "${urlOf(each)}";`)} }
  map $uri $place {
    "~^/v2/(?<name>.+)/blobs/(?<digest>sha256:[0-9a-f]+)$" "\${base}blobs/$digest";
    ${manifests}
  }
  map $uri $tags { ${lists} }
  add_header Docker-Distribution-API-Version registry/2.0 always;
  add_header Cache-Control no-cache always;
  add_header Vary Accept always;
  server {
    listen 127.0.0.1:${port};
    location / { if ($place) { return 302 $place; } if ($tags) { return 200 $tags; } return 404 '${MISSING}'; }
  }
}`;
    return ["nginx", "-c", write(join(scratch, "nginx.conf"), text)];
  },
};

export const archeio: Contestant = {
  name: "archeio",
  program: program("BENCH_ARCHEIO", "archeio"),
  answers: { manifest: 307, blob: 307 },
  prepare: ({ port, blobHost }) => [
    "env",
    `PORT=${port}`,
    "UPSTREAM_REGISTRY_ENDPOINT=http://static.example.com",
    "UPSTREAM_REGISTRY_PATH=pulp/images",
    `DEFAULT_AWS_BASE_URL=${blobHost}`,
    archeio.program,
  ],
};

export const zot: Contestant = {
  name: "zot, minimal",
  program: program("BENCH_ZOT", "zot"),
  answers: { manifest: 200, blob: 200, tags: 200 },
  prepare: ({ scratch, port, repositories, tags }) => {
    const rootDirectory = join(scratch, "zot");
    if (!existsSync(rootDirectory)) writeLayouts(rootDirectory, repositories, tags);
    const settings = {
      distSpecVersion: "1.1.1",
      storage: { rootDirectory, gc: false, dedupe: false },
      http: { address: "127.0.0.1", port: String(port) },
      log: { level: "error" },
    };
    return [zot.program, "serve", write(join(scratch, "zot.json"), JSON.stringify(settings))];
  },
};

export const distribution: Contestant = {
  name: "distribution",
  program: program("BENCH_DISTRIBUTION", "distribution-registry"),
  answers: { manifest: 200, blob: 307, tags: 200 },
  prepare: ({ scratch, port, repositories, tags, blobRedirects }) => {
    const middleware = `{ storage: [{ name: redirect, options: { baseurl: "${blobRedirects}" } }] }`;
    const root = join(scratch, "distribution");
    if (!existsSync(root)) writeStorage(root, repositories, tags);
    const text = `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: ${root} }
  cache: { blobdescriptor: inmemory }
  maintenance: { uploadpurging: { enabled: false } }
middleware: ${blobRedirects === undefined ? "{}" : middleware}
http: { addr: "127.0.0.1:${port}", secret: bench }
health: { storagedriver: { enabled: false } }
`;
    const settings = write(join(scratch, "distribution.yml"), text);
    return ["env", "OTEL_TRACES_EXPORTER=none", distribution.program, "serve", settings];
  },
};

/** Version 4 is the newest that it reads. It knows no tags of that version, and sends their list on. */
export const crane: Contestant = {
  name: "Crane 3.3.1",
  program: program("BENCH_CRANE", "crane-gunicorn"),
  answers: { manifest: 302, blob: 302, tags: 302 },
  isSame: true,
  prepare: (field) => {
    const make = (repository: number, tags: number) => ({
      ...fileOf(repository, tags),
      version: 4,
      manifest_list_data: [],
      manifest_list_amd64_tags: {},
    });
    const data = directoryOf(field, "v4", make);
    const settings = `[general]\ndebug: false\ndata_dir: ${data}\ndata_dir_polling_interval: 60\nendpoint:\n`;
    const threads = ["--worker-class", "gthread", "--threads", "4", "--keep-alive", "60"];
    return [
      "env",
      `CRANE_CONFIG_PATH=${write(join(field.scratch, "crane.conf"), settings)}`,
      crane.program,
      ...["--bind", `127.0.0.1:${field.port}`, "--log-level", "error", ...threads],
      "crane.wsgi:application",
    ];
  },
};

const ALL: readonly Contestant[] = [
  craned,
  whole,
  bareElysia,
  constant("bun", "Bun.serve, one constant 302"),
  nginx,
  archeio,
  zot,
  distribution,
  crane,
];

const isThere = (contestant: Contestant): boolean => Bun.which(contestant.program) !== null;

export const contestants = ALL.filter(isThere);

/** Those whose program is not on this machine. */
export const absent = ALL.filter((each) => !isThere(each)).map(({ name }) => name);
