/** Every command in a document or a help text does what it is there for, or is listed with the reason why not here. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { COMMAND, scratch, serveDirectory, startCraned } from "../harness/craned.ts";
import { freePort } from "../harness/nginx.ts";
import { describeWith, run } from "../harness/programs.ts";
import { commandsOf, DOCUMENTS, type Documented, examplesOf, textOf } from "./commands.ts";

const SHORTENED = "shortened for the reader; the tests of publish run it in full";

const IN_PLACE = "needs content that lies there; tests/publish/in-place.test.ts has some";

const SELINUX = "needs SELinux";
const KATELLO = "needs Katello's host; tests/deploy/proxies.test.ts runs Apache with the sample";

const NOT_RUN: Readonly<Record<string, string>> = {
  "npx -y bun@1.4.5 run start": "sets up what runs this very test; craned demo, which it starts, is run below",
  "npx -y bun@1.4.5 run build": "made the binary that is tested",
  "bun run build && bun run bench": "measures for minutes; times are no test",
  "bun run image": "run by tests/deploy/container.test.ts, and slow",
  "bun run release": "run for some platforms by tests/release/executable.test.ts, and slow",
  "cd dist/release && sha256sum --check SHA256SUMS":
    "needs the release; tests/release/executable.test.ts checks the sums",
  "buildah bud --format docker --timestamp 0 --build-arg VERSION=0.1.0 --platform linux/amd64 --tag craned:0.1.0 .":
    "run by tests/deploy/container.test.ts, as bun run image prints it",
  "podman run --read-only --cap-drop all -p 5000:5000 -v ./metadata:/var/lib/crane/metadata:ro craned:0.1.0":
    "needs the image and a kernel that lets containers run",
  "podman pull --tls-verify=false 127.0.0.1:5000/demo/hello":
    "would pull into the machine's own storage; tests/clients/podman.test.ts pulls into one of its own",
  "kubectl apply -k deploy/kubernetes":
    "needs a cluster; tests/deploy/kubernetes.test.ts validates what would be applied",
  "kubectl apply -k deploy/kubernetes-volume":
    "needs a cluster; tests/deploy/kubernetes.test.ts validates what would be applied",
  "helm install registry deploy/helm/craned --values values.yaml":
    "needs a cluster; tests/deploy/helm.test.ts validates what would be installed",
  "apt install ./craned_0.1.0_amd64.deb":
    "would change the machine; tests/release/packages.test.ts has a root of its own",
  "dnf install ./craned-0.1.0-1.x86_64.rpm":
    "would change the machine; tests/release/packages.test.ts compares it with the package for Debian",
  "npx craned serve app.tar": "needs a registry of npm; tests/release/npm.test.ts has one",
  "promtool check config deploy/prometheus/prometheus.yaml":
    "Debian's promtool knows no Kubernetes; tests/deploy/dashboards.test.ts checks the rest",
  "promtool check rules deploy/prometheus/craned.rules.yaml": "run by tests/deploy/dashboards.test.ts",
  "systemctl enable --now craned": "needs systemd; tests/deploy/proxies.test.ts verifies the unit",
  "systemctl reload craned": "needs systemd; tests/store/reload.test.ts sends the signal",
  "systemctl restart craned": "needs systemd",
  "htpasswd -B -c /etc/craned/users alice": "asks for a password on a terminal",
  "docker save team/app:1.0 > app.tar":
    "needs docker's daemon; tests/publish/sources/docker-archive.test.ts has such files",
  "docker save team/app:1.0 > app.tar && craned serve app.tar":
    "needs docker's daemon; tests/layouts/serve.test.ts serves such a file",
  "skopeo copy docker://alpine:3.20 oci:alpine:3.20 && craned serve alpine --name alpine":
    "needs Docker Hub; tests/layouts/serve.test.ts serves such a directory",
  "docker save team/app:1.0 | craned publish - --name team/app --url … --content … --metadata …": SHORTENED,
  "craned publish docker://registry.example.com/team/app --name team/app --url … --content … --metadata …": SHORTENED,
  "craned publish app.tar --name team/app --tag 1.0 --tag latest=1.0 --keep-tags --url … --content … --metadata …":
    SHORTENED,
  "craned publish layout … --prune-after 7d --dry-run": SHORTENED,
  "craned publish layout … --content s3://images/v2 --s3-endpoint https://s3.example.com --s3-region eu-west-1":
    SHORTENED,
  "craned publish pulp:/var/www/pub/docker/v2/web --metadata /var/lib/crane/metadata --dry-run":
    "needs a tree of Pulp's; tests/publish/pulp.test.ts has some",
  "craned publish /srv/www/app --in-place --name team/app --url https://www.example.com/app --metadata /srv/metadata":
    IN_PLACE,
  "craned publish s3://images/app --in-place --name team/app --url https://cdn.example.com/app --metadata /srv/metadata":
    IN_PLACE,
  "craned publish https://pages.example.com/app/ --in-place --name team/app --metadata /srv/metadata": IN_PLACE,
  "craned publish registry-storage:/var/lib/registry --url https://cdn.example.com --metadata /srv/metadata": IN_PLACE,
  "craned publish registry-storage:s3://registry-bucket --url https://cdn.example.com --metadata /srv/metadata":
    IN_PLACE,
  "craned check --config /etc/crane.conf --content http":
    "asks the host of each file's url, which an example has not; tests/publish/verify/ has hosts",
  "docker pull 127.0.0.1:5000/library/alpine:3.20": "needs docker's daemon; skopeo pulls the same in the next line",
  "podman pull --tls-verify=false 127.0.0.1:5000/library/alpine:3.20":
    "would pull into the machine's own storage; skopeo pulls the same in the next line",
  "craned publish layout --name library/alpine --url https://images.s3.eu-west-1.amazonaws.com/files --content s3://images/files --metadata s3://images/metadata --s3-region eu-west-1":
    "needs a bucket of Amazon's; tests/store/bucket-published.test.ts has one",
  "craned publish pulp:/var/www/pub/docker/v2/web --metadata /var/lib/crane/metadata":
    "needs a tree of Pulp's; tests/publish/pulp.test.ts has some",
  "python3 -m http.server 8000 --bind 127.0.0.1 --directory images":
    "a server of this test sends the files instead; tests/clients/any-host.test.ts runs it",
  "setsebool -P httpd_can_network_connect on": SELINUX,
  "cp /etc/httpd/conf.d/03-crane.conf /root/03-crane.conf": KATELLO,
  "install -m 644 apache-katello.conf /etc/httpd/conf.d/03-crane.conf": KATELLO,
  "apachectl configtest && systemctl reload httpd": KATELLO,
  "install -m 644 /root/03-crane.conf /etc/httpd/conf.d/03-crane.conf": KATELLO,
  "systemctl reload httpd && systemctl disable --now craned": KATELLO,
  "export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…": "there is no bucket here; tests/publish/s3.test.ts has one",
  "craned publish <source> --name team/app --url https://images.s3.eu-west-1.amazonaws.com/files --content s3://images/files --metadata /srv/metadata --s3-region eu-west-1":
    "needs a bucket of Amazon's; tests/publish/s3.test.ts has one",
  "craned publish <source> --name team/app --url https://images.s3.eu-west-1.amazonaws.com/files --content s3://images/files --metadata s3://images/metadata --s3-region eu-west-1":
    "needs a bucket of Amazon's; tests/store/bucket-published.test.ts has one",
  "craned serve --data-dir s3://images/metadata --s3-region eu-west-1":
    "needs a bucket of Amazon's; tests/store/bucket-published.test.ts has one",
};

/** Commands that are there to show a refusal, and what tells it. */
const REFUSED: Readonly<Record<string, string>> = {
  "curl -i http://127.0.0.1:5000/v2/demo/both/manifests/1-ubuntu": "HTTP/1.1 404 Not Found",
};

const help = (...args: readonly string[]): string =>
  Bun.spawnSync([...COMMAND, ...args, "--help"], { stdout: "pipe" }).stdout.toString();

const SOURCES: readonly (readonly [where: string, commands: readonly Documented[]])[] = [
  ...DOCUMENTS.map((document) => [document, commandsOf(textOf(document))] as const),
  ["craned --help", examplesOf(help())],
  ["craned serve --help", examplesOf(help("serve"))],
  ["craned publish --help", examplesOf(help("publish"))],
];

const ALL = SOURCES.flatMap(([, commands]) => commands.map(({ command }) => command));

/** Placeholders of the documents, and what stands for them here. */
type Places = readonly (readonly [placeholder: string, here: string])[];

const PROGRAM = /^(?:[A-Z_]+=\S+ )*(?:dist\/)?craned\b/;
const SERVES = /^(?:[A-Z_]+=\S+ )*(?:dist\/)?craned(?: serve\b| demo\b|$)/;

const machine = scratch();
const at = (path: string): string => join(machine.path, path);
const servers: { readonly stop: () => Promise<unknown> }[] = [];
let places: Places = [];

beforeAll(async () => {
  const [, redirectFile = ""] = /## Version 5.*?```json\n(.*?)```/s.exec(textOf("docs/redirect-files.md")) ?? [];
  machine.write("metadata/app.json", redirectFile);
  machine.write("etc/crane.conf", `[general]\ndata_dir: ${at("metadata")}\n[server]\nhost: 127.0.0.1\nport: 0\n`);
  const wrapper = machine.write("craned", `#!/bin/sh\nexec ${COMMAND.map((part) => `'${part}'`).join(" ")} "$@"\n`);
  chmodSync(wrapper, 0o755);
  for (const directory of ["dist", "usr/local/bin", "srv", "srv/metadata", "etc/nginx/snippets"]) {
    mkdirSync(at(directory), { recursive: true });
  }
  for (const copy of ["dist/craned", "usr/local/bin/craned"]) copyFileSync(wrapper, at(copy));
  const demo = await startCraned(["demo", "--port", "0"]);
  const craned = await serveDirectory(at("metadata"));
  servers.push(demo, craned);
  const staticHost = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) => new Response(Bun.file(at(`images${new URL(url).pathname}`))),
  });
  servers.push({ stop: () => staticHost.stop(true) });
  const free = freePort();
  const image = `docker://127.0.0.1:${demo.port}/demo/hello:latest`;
  places = [
    ["127.0.0.1:5000/demo/", `127.0.0.1:${demo.port}/demo/`],
    ["127.0.0.1:5000/v2/demo/", `127.0.0.1:${demo.port}/v2/demo/`],
    ["127.0.0.1:5000", `127.0.0.1:${craned.port}`],
    ["craned demo", "craned demo --port 0"],
    ["--port 5000", "--port 0"],
    ["127.0.0.1:5002", `127.0.0.1:${free}`],
    ["127.0.0.1:5001", `127.0.0.1:${craned.managementPort}`],
    ["--port 5050", "--port 0"],
    ["127.0.0.1:5050", `127.0.0.1:${craned.port}`],
    ["127.0.0.1:8000", `127.0.0.1:${staticHost.port}`],
    ["docker://registry.example.com/library/alpine:3.20", image],
    ["skopeo copy ", "skopeo copy --src-tls-verify=false "],
    ["<source>", `${image} --src-tls-verify=false`],
    ["library/app", "team/app"],
    ["/var/lib/crane/metadata", at("metadata")],
    ["/srv/", at("srv/")],
    ["/etc/crane.conf", at("etc/crane.conf")],
    ["/etc/nginx/", at("etc/nginx/")],
    ["/usr/local/bin/", at("usr/local/bin/")],
    // A 404 is a failure here.
    ["curl ", "curl --fail --silent --show-error "],
  ];
});

afterAll(async () => {
  for (const server of servers) await server.stop();
  machine.remove();
});

const here = (text: string): string => places.reduce((all, [from, to]) => all.replaceAll(from, to), text);

const environment = () => ({
  PATH: `${at("usr/local/bin")}:${process.env["PATH"] ?? ""}`,
  HOME: machine.path,
  CRANE_CONFIG_PATH: at("etc/crane.conf"),
});

/** Runs a server until it listens, and then tells it to stop. */
async function serveAndStop(command: string): Promise<number> {
  const child = Bun.spawn(["bash", "-c", `cd '${machine.path}' && exec env ${command} 2>&1`], {
    stdout: "pipe",
    stderr: "ignore",
    env: environment(),
  });
  let said = "";
  for await (const chunk of child.stdout) {
    said += new TextDecoder().decode(chunk);
    if (/listening on|registry is at/.test(said)) child.kill("SIGTERM");
  }
  expect(said).toMatch(/listening on|registry is at/);
  return await child.exited;
}

/** Other programs that a document's commands need. */
const programsOf = (commands: readonly Documented[]): readonly string[] => [
  ...new Set(commands.map(({ command }) => (PROGRAM.test(command) ? "bash" : (command.split(" ")[0] ?? "")))),
];

for (const [where, commands] of SOURCES) {
  const toRun = commands.filter(({ command }) => NOT_RUN[command] === undefined);
  if (toRun.length === 0) continue;
  // In their order: what one makes the next may need.
  describeWith(programsOf(toRun), where, () => {
    test.each(toRun.map((each) => [each.command, each] as const))("%s", async (command, { prints }) => {
      if (SERVES.test(command)) {
        expect(await serveAndStop(here(command))).toBe(0);
        return;
      }
      const line = `cd '${machine.path}' && ${here(command)}`;
      const { code, out, err } = await run(["bash", "-o", "pipefail", "-c", line], environment());
      const refusal = REFUSED[command];
      if (refusal !== undefined) expect(out).toContain(refusal);
      else if (prints === undefined) expect(code === 0 ? "" : `${code}: ${out}${err}`).toBe("");
      else expect(`${out}${err}`.trimEnd().split("\n")).toEqual(prints.map(here));
    });
  });
}

describe("the list of what is not run", () => {
  test("has only what is still written somewhere", () => {
    expect(Object.keys(NOT_RUN).filter((command) => !ALL.includes(command))).toEqual([]);
  });
});
