/** The bill of materials, in CycloneDX: which packages are in the executable, read off the lock files. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";

const Versions = v.optional(v.record(v.string(), v.string()), {});

/** The packages that a package needs. */
const Needs = v.object({
  dependencies: Versions,
  peerDependencies: Versions,
  optionalPeers: v.optional(v.array(v.string()), []),
});

/** `name@version`, where it is from, what it needs, and the digest of its archive. */
const Entry = v.looseTuple([v.string(), v.string(), Needs, v.string()]);

const LockFile = v.object({
  workspaces: v.object({ "": v.object({ dependencies: Versions, devDependencies: Versions }) }),
  packages: v.record(v.string(), Entry),
});

const PackageJson = v.object({ license: v.optional(v.string()) });

/** One package of the bill. */
interface Component {
  readonly type: "library";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes: readonly { readonly alg: "SHA-512"; readonly content: string }[];
  readonly licenses?: readonly ({ readonly expression: string } | { readonly license: { readonly id: string } })[];
}

interface Bill {
  readonly components: ReadonlyMap<string, Component>;
  /** Directory of each component, by its reference. */
  readonly directories: ReadonlyMap<string, string>;
  /** References that each component, and the program itself, depends on. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  readonly direct: readonly string[];
}

const purlOf = (name: string, version: string): string => `pkg:npm/${name.replace("@", "%40")}@${version}`;

function licenseOf(directory: string): Pick<Component, "licenses"> {
  const { license } = v.parse(PackageJson, JSON.parse(readFileSync(join(directory, "package.json"), "utf8")));
  if (license === undefined) return {};
  return { licenses: [/[ (]/.test(license) ? { expression: license } : { license: { id: license } }] };
}

/**
 * Follows the dependencies of a lock file, those for development left out. Their packages must be installed, since only
 * they know their licenses.
 */
export function readBill(lockFile: string): Bill {
  const { packages, workspaces } = v.parse(LockFile, Bun.JSONC.parse(readFileSync(lockFile, "utf8")));
  const { dependencies, devDependencies } = workspaces[""];
  const components = new Map<string, Component>();
  const directories = new Map<string, string>();
  const needs = new Map<string, readonly string[]>();

  /** The lock file has `a/b` where a needs another b than all others do. */
  const locate = (name: string, from: readonly string[]): readonly string[] | undefined => {
    for (let depth = from.length; depth >= 0; depth--) {
      const path = [...from.slice(0, depth), name];
      if (packages[path.join("/")] !== undefined) return path;
    }
    return undefined;
  };

  const add = (path: readonly string[]): string => {
    const [resolved, , { dependencies: own, peerDependencies, optionalPeers }, integrity] = v.parse(
      Entry,
      packages[path.join("/")],
    );
    const at = resolved.lastIndexOf("@");
    const [name, version] = [resolved.slice(0, at), resolved.slice(at + 1)];
    const purl = purlOf(name, version);
    if (components.has(purl)) return purl;
    const directory = join(dirname(lockFile), ...path.flatMap((each) => ["node_modules", each]));
    directories.set(purl, directory);
    const content = Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex");
    const hashes = [{ alg: "SHA-512", content } as const];
    components.set(purl, {
      type: "library",
      "bom-ref": purl,
      name,
      version,
      purl,
      hashes,
      ...licenseOf(directory),
    });
    const needed = [
      ...Object.keys(own),
      // A peer that is only there for development is not in the program.
      ...Object.keys(peerDependencies).filter((peer) => !optionalPeers.includes(peer) && !(peer in devDependencies)),
    ];
    const found = needed.map((each) => locate(each, path)).filter((each) => each !== undefined);
    needs.set(purl, found.map(add));
    return purl;
  };

  const direct = Object.keys(dependencies).map((name) => add([name]));
  return { components, directories, needs, direct };
}

/**
 * Makes the bill of materials of a version.
 *
 * @param lockFiles of what is bundled, and of what it runs on
 * @returns the document, the same for the same lock files
 * @throws when a lock file is not what Bun writes, or a package of it is not installed
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function billOfMaterials(version: string, lockFiles: readonly string[]) {
  const bills = lockFiles.map(readBill);
  const own = purlOf("craned", version);
  const byReference = <Value>(maps: readonly ReadonlyMap<string, Value>[]) =>
    [...new Map(maps.flatMap((map) => [...map]))].sort(([a], [b]) => (a < b ? -1 : 1));
  const needs = new Map([[own, bills.flatMap(({ direct }) => direct)]]);
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "application", "bom-ref": own, name: "craned", version, purl: own } },
    components: byReference(bills.map(({ components }) => components)).map(([, component]) => component),
    dependencies: byReference([needs, ...bills.map((bill) => bill.needs)]).map(([ref, on]) => ({
      ref,
      dependsOn: [...new Set(on)].sort(),
    })),
  };
}
