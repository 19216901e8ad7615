/** The OCI's own conformance suite, the parts that apply to a read-only registry: pull and discovery. */
import { expect, test } from "bun:test";
import { buildDemo } from "../../lib/demo/demo.ts";
import { scratch, startCraned } from "../harness/craned.ts";
import { describeWith, leftovers, run } from "../harness/programs.ts";

const { redirectFiles, objects } = buildDemo("http://static.invalid");
const hello = JSON.parse(redirectFiles.get("v2-demo-tree.json") ?? "{}");
const ociManifests: readonly string[] = [...hello.oci_index_data, ...hello.oci_manifest_data];
const isDigest = (reference: string): boolean => reference.includes(":");
const BLOBS = "v2/demo-tree/blobs/";

const DATA = {
  OCI_RO_DATA_TAGS: ociManifests.filter((reference) => !isDigest(reference)).join(" "),
  OCI_RO_DATA_MANIFESTS: [...ociManifests, ...hello.schema2_data, ...hello.manifest_list_data]
    .filter(isDigest)
    .join(" "),
  OCI_RO_DATA_BLOBS: [...objects.keys()]
    .filter((path) => path.startsWith(BLOBS))
    .map((path) => path.slice(BLOBS.length))
    .join(" "),
  OCI_RO_DATA_REFERRERS: Object.keys(hello.referrers).join(" "),
};

/** Turns off the parts that push or delete. */
const READ_ONLY = {
  OCI_API_PUSH: "false",
  OCI_API_BLOBS_DELETE: "false",
  OCI_API_MANIFESTS_DELETE: "false",
  OCI_API_TAGS_DELETE: "false",
};

const PASSING = [
  "Tag listing",
  "Blob get",
  "Blob head",
  "Manifest get by digest",
  "Manifest get by tag",
  "Referrers",
  "Ping",
];

describeWith(["oci-conformance"], "the OCI conformance suite", () => {
  const afterwards = leftovers();
  // The same images: through a redirect file of version 6, and through one of version 5.
  test.each(["demo/hello", "demo/tree"])("passes for pull and discovery in %s", async (name) => {
    const demo = await startCraned(["demo", "--port", "0", "--host", "127.0.0.1"]);
    afterwards(demo.stop);
    const { path, remove } = scratch();
    afterwards(remove);
    const registry = {
      OCI_REPO1: name,
      OCI_REGISTRY: `127.0.0.1:${demo.port}`,
      OCI_TLS: "disabled",
      OCI_RESULTS_DIR: path,
    };
    // Its exit code says nothing: built from a module it fails at the end, in writing down which commit it is of.
    const { out } = await run(["oci-conformance"], { ...process.env, ...registry, ...READ_ONLY, ...DATA });
    expect(out).toContain("OCI Conformance Result: Pass");
    expect(out).toMatch(/FAIL\.+: +0\n/);
    for (const api of PASSING) expect(out).toMatch(new RegExp(`${api}\\.*: +Pass\n`));
  });
});
