/** The Helm chart: right by Kubernetes' own schemas, and with the pods of the manifests beside it. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import * as v from "valibot";
import { version } from "../../package.json" with { type: "json" };
import { runCraned, scratch } from "../harness/craned.ts";
import { describeWith, leftovers, run, succeed } from "../harness/programs.ts";
import { v5 } from "../harness/redirect-files.ts";

setDefaultTimeout(120_000);

const DEPLOY = join(import.meta.dir, "../../deploy");
const CHART = join(DEPLOY, "helm/craned");
const afterwards = leftovers();

const Resource = v.looseObject({ kind: v.string() });
const Container = v.looseObject({
  image: v.string(),
  env: v.array(v.object({ name: v.string(), value: v.string() })),
  volumeMounts: v.optional(v.unknown()),
  envFrom: v.optional(v.unknown()),
});
const Deployment = v.object({
  spec: v.object({
    template: v.object({ spec: v.looseObject({ containers: v.tuple([Container]), volumes: v.optional(v.unknown()) }) }),
  }),
});

const resourcesOf = (text: string) => v.parse(v.array(Resource), Bun.YAML.parse(text));

function podOf(resources: readonly unknown[]) {
  const deployment = resources.find((each) => v.is(Resource, each) && each.kind === "Deployment");
  return v.parse(Deployment, deployment).spec.template.spec;
}

const template = (values: object) => {
  const files = scratch({ "values.yaml": values });
  afterwards(files.remove);
  const flags = ["--kube-version", "1.37.0", "--values", join(files.path, "values.yaml")];
  return run(["helm", "template", "registry", CHART, ...flags]);
};

const ALWAYS = ["Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Service"];
const REDIRECT_FILE = JSON.stringify(v5("team/app", { schema2_data: ["1.0"] }));

const BUCKET = { dataDir: "s3://images/metadata", endpoint: "https://s3.example.com", region: "eu-1", secret: "keys" };
const INGRESS = { enabled: true, className: "nginx", host: "registry.example.com", tlsSecret: "registry-tls" };

describeWith(["helm", "kubernetes-validate", "kustomize"], "the Helm chart", () => {
  test("is in order, and of this version", async () => {
    await succeed(["helm", "lint", "--strict", "--kube-version", "1.37.0", CHART]);
    expect(Bun.YAML.parse(await Bun.file(join(CHART, "Chart.yaml")).text())).toMatchObject({
      version,
      appVersion: version,
    });
  });

  describe.each([
    ["no values", {}, []],
    ["a ConfigMap", { redirectFiles: { "app.json": REDIRECT_FILE } }, ["ConfigMap"]],
    ["a bucket", { bucket: BUCKET }, []],
    ["a volume", { volume: { enabled: true, storageClass: "nfs" } }, ["PersistentVolumeClaim"]],
    ["a volume that is there", { volume: { enabled: true, existingClaim: "files" } }, []],
    [
      "an Ingress and a role",
      { ingress: INGRESS, serviceAccount: { create: true, annotations: { role: "reader" } } },
      ["Ingress", "ServiceAccount"],
    ],
    ["further settings", { settings: { CRANE_LOG_ACCESS: "true" }, nodeSelector: { disk: "ssd" } }, []],
  ] as const)("with %s", (_, values, kinds) => {
    test("is what Kubernetes understands, with nothing besides", async () => {
      const { code, out, err } = await template(values);
      expect([code, err]).toEqual([0, ""]);
      const files = scratch({ "all.yaml": out });
      afterwards(files.remove);
      const checked = await run(["kubernetes-validate", "--strict", join(files.path, "all.yaml")]);
      expect(checked.code === 0 ? "" : checked.out + checked.err).toBe("");
      const found = resourcesOf(out).map(({ kind }) => kind);
      expect(found.sort()).toEqual([...ALWAYS, ...kinds].sort());
    });

    test("configures craned in words that it knows", async () => {
      const [{ env }] = podOf(resourcesOf((await template(values)).out)).containers;
      const environment = Object.fromEntries(env.map(({ name, value }) => [name, value]));
      const data = scratch();
      afterwards(data.remove);
      const isBucket = "bucket" in values;
      const place = isBucket ? {} : { CRANE_GENERAL_DATA_DIR: data.path };
      const { out } = await runCraned(["check"], { ...environment, ...place });
      const faults = out.split("\n").filter((line) => /^(?:error|warning):/.test(line));
      // In a pod, it is no Service that keeps others from management; there is no bucket here.
      expect(faults.filter((line) => !/management\.listen|s3:\/\/images/.test(line))).toEqual([]);
    });
  });

  test("runs the pods of the manifests for kustomize", async () => {
    const { out } = await template({ redirectFiles: { "app.json": REDIRECT_FILE } });
    const manifests = podOf(resourcesOf(await succeed(["kustomize", "build", join(DEPLOY, "kubernetes")])));
    const { serviceAccountName, topologySpreadConstraints: _, volumes: __, ...pod } = podOf(resourcesOf(out));
    const { topologySpreadConstraints: ___, volumes: ____, ...expected } = manifests;
    expect(serviceAccountName).toBe("default");
    const [{ imagePullPolicy, ...container }] = pod.containers;
    expect(imagePullPolicy).toBe("IfNotPresent");
    expect({ ...pod, containers: [container] }).toEqual(expected);
  });

  test("mounts no directory beside a bucket, whose keys come from the Secret", async () => {
    const { containers, volumes } = podOf(resourcesOf((await template({ bucket: BUCKET })).out));
    expect([volumes, containers[0].volumeMounts]).toEqual([undefined, undefined]);
    expect(containers[0].envFrom).toEqual([{ secretRef: { name: "keys" } }]);
  });

  test.each([
    ["two places of redirect files", { volume: { enabled: true }, bucket: BUCKET }, "expected one of them"],
    ["a setting that is none", { settings: { PORT: "5000" } }, "CRANE_"],
    ["a bucket without its scheme", { bucket: { dataDir: "images/metadata" } }, "/bucket/dataDir"],
    ["a misspelt value", { redirectFile: {} }, "redirectFile"],
  ])("refuses %s", async (_, values, reason) => {
    const { code, err } = await template(values);
    expect(code).not.toBe(0);
    expect(err).toContain(reason);
  });
});
