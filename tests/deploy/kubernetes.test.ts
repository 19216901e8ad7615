/** The manifests of deploy/: right by Kubernetes' own schemas, and in agreement with the image and the program. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { version } from "../../package.json" with { type: "json" };
import { runCraned, type Scratch, scratch, serveDirectory } from "../harness/craned.ts";
import { describeWith, leftovers, run, succeed } from "../harness/programs.ts";

setDefaultTimeout(60_000);

const ROOT = join(import.meta.dir, "../..");
const Labels = v.record(v.string(), v.string());
const Selector = v.object({ matchLabels: Labels });
const Probe = v.object({ httpGet: v.object({ path: v.string(), port: v.string() }) });

const Container = v.object({
  image: v.string(),
  args: v.array(v.string()),
  env: v.array(v.object({ name: v.string(), value: v.string() })),
  ports: v.array(v.object({ name: v.string(), containerPort: v.number() })),
  startupProbe: Probe,
  readinessProbe: Probe,
  livenessProbe: Probe,
  securityContext: v.unknown(),
  volumeMounts: v.array(v.object({ name: v.string(), mountPath: v.string(), readOnly: v.boolean() })),
});

const Deployment = v.object({
  metadata: v.object({ name: v.string() }),
  spec: v.object({
    selector: Selector,
    template: v.object({
      metadata: v.object({ labels: Labels, annotations: Labels }),
      spec: v.object({
        securityContext: v.object({ runAsUser: v.number(), runAsGroup: v.number(), runAsNonRoot: v.literal(true) }),
        containers: v.tuple([Container]),
        volumes: v.array(v.looseObject({ name: v.string() })),
      }),
    }),
  }),
});

interface Resource {
  readonly kind: string;
}

const built = async (directory: string): Promise<string> =>
  succeed(["kustomize", "build", join(ROOT, "deploy", directory)]);

const parsed = (text: string): readonly Resource[] =>
  v.parse(v.array(v.looseObject({ kind: v.string() })), Bun.YAML.parse(text));

/** The one resource of a kind, in the form that it must have. */
function only<Schema extends v.GenericSchema>(resources: readonly Resource[], kind: string, schema: Schema) {
  return v.parse(
    v.tuple([schema]),
    resources.filter((each) => each.kind === kind),
  )[0];
}

/** A ConfigMap in a container: links by way of a directory that is changed all at once. */
function mountConfigMap(path: string, generation: number, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(path, `..${generation}`));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(path, `..${generation}`, name), text);
    if (generation === 1) symlinkSync(join("..data", name), join(path, name));
  }
  symlinkSync(`..${generation}`, join(path, "..data_tmp"));
  renameSync(join(path, "..data_tmp"), join(path, "..data"));
}

describeWith(["kustomize", "kubernetes-validate"], "the manifests for Kubernetes", () => {
  const afterwards = leftovers();
  const KINDS = ["Deployment", "HorizontalPodAutoscaler", "Namespace", "PodDisruptionBudget", "Service"];

  describe.each([
    ["kubernetes", "ConfigMap"],
    ["kubernetes-volume", "PersistentVolumeClaim"],
  ])("in %s", (directory, data) => {
    let work: Scratch;
    let resources: readonly Resource[];
    let deployment: v.InferOutput<typeof Deployment>;
    let container: v.InferOutput<typeof Container>;
    beforeAll(async () => {
      work = scratch();
      afterwards(work.remove);
      const text = await built(directory);
      work.write("all.yaml", text);
      resources = parsed(text);
      deployment = only(resources, "Deployment", Deployment);
      container = deployment.spec.template.spec.containers[0];
    });

    test("are what Kubernetes understands, with nothing besides", async () => {
      const { code, out, err } = await run(["kubernetes-validate", "--strict", join(work.path, "all.yaml")]);
      expect({ code, said: code === 0 ? "" : out + err }).toEqual({ code: 0, said: "" });
      expect(resources.map(({ kind }) => kind).sort()).toEqual([...KINDS, data].sort());
    });

    test("find the pods that they are about", () => {
      const { labels } = deployment.spec.template.metadata;
      const service = only(resources, "Service", v.object({ spec: v.object({ selector: Labels }) }));
      const budget = only(resources, "PodDisruptionBudget", v.object({ spec: v.object({ selector: Selector }) }));
      const target = v.object({ kind: v.string(), name: v.string() });
      const scaler = only(
        resources,
        "HorizontalPodAutoscaler",
        v.object({ spec: v.object({ scaleTargetRef: target }) }),
      );
      expect([deployment.spec.selector.matchLabels, service.spec.selector, budget.spec.selector.matchLabels]).toEqual([
        labels,
        labels,
        labels,
      ]);
      expect(scaler.spec.scaleTargetRef).toEqual({ kind: "Deployment", name: deployment.metadata.name });
    });

    test("run the image as it wants to be run, with as few rights as can be", () => {
      const file = readFileSync(join(ROOT, "Containerfile"), "utf8");
      const { runAsUser, runAsGroup } = deployment.spec.template.spec.securityContext;
      expect(file).toContain(`\nUSER ${runAsUser}:${runAsGroup}\n`);
      expect(file).toContain(`\nEXPOSE ${container.ports[0]?.containerPort}\n`);
      expect(container.image).toEndWith(`/craned:${version}`);
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    });

    test("configure craned in words that it knows, and mount the files where it looks", async () => {
      const environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
      const { code, out } = await runCraned(["check"], { ...environment, CRANE_GENERAL_DATA_DIR: work.path });
      const warnings = out.split("\n").filter((line) => line.startsWith("warning:"));
      expect(code).toBe(0);
      // In a pod, it is no Service that keeps others from the management port.
      expect(warnings.filter((line) => !line.includes("management.listen"))).toEqual([]);
      const { out: help } = await runCraned(["serve", "--help"]);
      const [mount] = container.volumeMounts;
      expect(help.replace(/\s+/g, " ")).toContain(`(default: ${mount?.mountPath}/)`);
      expect(deployment.spec.template.spec.volumes.map(({ name }) => name)).toEqual([mount?.name ?? ""]);
    });

    test("probe what craned answers", async () => {
      const server = await serveDirectory(work.path);
      afterwards(server.stop);
      const [, management] = container.ports;
      for (const { httpGet } of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
        expect(httpGet.port).toBe(management?.name ?? "");
        expect((await fetch(`http://127.0.0.1:${server.managementPort}${httpGet.path}`)).status).toBe(200);
      }
      const { annotations } = deployment.spec.template.metadata;
      expect(annotations["prometheus.io/port"]).toBe(String(management?.containerPort));
      const metrics = `http://127.0.0.1:${server.managementPort}${annotations["prometheus.io/path"]}`;
      expect((await fetch(metrics)).status).toBe(200);
    });
  });

  test("carry redirect files that are right, and that are followed when the ConfigMap changes", async () => {
    const ConfigMap = v.object({ data: Labels });
    const { data } = only(parsed(await built("kubernetes")), "ConfigMap", ConfigMap);
    const mounted = scratch();
    afterwards(mounted.remove);
    mountConfigMap(mounted.path, 1, data);
    const checked = await runCraned(["check", "--data-dir", mounted.path]);
    expect(checked.out).toContain("1 good redirect file, 0 v1 and 1 v2 repositories, nothing wrong");
    const server = await serveDirectory(mounted.path);
    afterwards(server.stop);
    const changed = Object.entries(data).map(([name, text]) => [name, text.replace('"1.0"', '"1.0", "2.0"')]);
    mountConfigMap(mounted.path, 2, Object.fromEntries(changed));
    await server.logged((line) => line.includes("redirect files changed"));
    const tags = await (await fetch(`${server.origin}/v2/team/app/tags/list`)).json();
    expect(tags).toEqual({ name: "team/app", tags: ["1.0", "2.0", "latest"] });
  });
});

describeWith(["compose-go"], "the file for compose", () => {
  test("is what compose understands, and runs the image with as few rights as can be", async () => {
    const { services } = JSON.parse(
      await succeed(["compose-go", "-format", "json", join(ROOT, "deploy/compose.yaml")]),
    );
    expect(services.craned).toMatchObject({
      image: `craned:${version}`,
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      volumes: [{ target: "/var/lib/crane/metadata", read_only: true }],
    });
  });
});
