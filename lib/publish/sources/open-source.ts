import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { isAbsent } from "../../system-error.ts";
import { broken, PublishError } from "../publish-error.ts";
import type { RegistryAccess } from "../registry/access.ts";
import { parseAddress, REGISTRY_PREFIX } from "../registry/address.ts";
import { registrySource } from "../registry/registry-source.ts";
import { type Bundle, directoryBundle } from "./bundle.ts";
import { dockerArchive, isDockerArchive } from "./docker-archive.ts";
import { isLayout, ociLayout } from "./oci-layout.ts";
import { isCalled, noneCalled } from "./selection.ts";
import { isSkopeoDirectory, skopeoDirectory } from "./skopeo-directory.ts";
import type { Source, SourceContext } from "./source.ts";
import { tarBundle } from "./tar.ts";
import { formatOf, MAGIC, streamedTar } from "./unpacking.ts";

/** Options for reading sources. */
export interface SourceOptions {
  readonly access: RegistryAccess;
  /** A registry that does not tell what refers to an image is an error. */
  readonly requireReferrers: boolean;
  /** Layers that `docker save` wrote uncompressed stay so. */
  readonly keepLayers: boolean;
  readonly standardInput: () => AsyncIterable<Uint8Array>;
}

const STANDARD_INPUT = "-";

/**
 * skopeo's prefixes of places; the name of one image may follow, but for directories, which `skopeo sync` calls `name:tag`.
 *
 * @see containers-transports(5)
 */
const PREFIXED = /^(?:dir:(?<directory>.+)|(?:oci|oci-archive|docker-archive):(?<path>[^:]+)(?::(?<wanted>.+))?)$/;

const NO_FILE = `no such file or directory; an image of a registry is ${REGISTRY_PREFIX}`;

/** Whether a text would be the address of an image, if it said so. */
function isAddress(text: string): boolean {
  try {
    parseAddress(REGISTRY_PREFIX + text);
    return true;
  } catch {
    return false;
  }
}

async function bundleAt(path: string, { scratch }: SourceContext, options: SourceOptions): Promise<Bundle> {
  if (path === STANDARD_INPUT) return await streamedTar("standard input", options.standardInput(), scratch);
  const status = await stat(path).catch((error: unknown) => {
    throw isAbsent(error) && isAddress(path) ? new PublishError(`${path}: ${NO_FILE}${path}`) : error;
  });
  if (status.isDirectory()) return await directoryBundle(path);
  // A shell makes a pipe of <(docker save app).
  if (!status.isFIFO()) {
    if (!status.isFile()) throw broken(path, "", "a directory or a tar archive", "something else");
    if (formatOf(await Bun.file(path).slice(0, MAGIC).bytes()) === undefined) return await tarBundle(path);
  }
  return await streamedTar(path, createReadStream(path), scratch);
}

async function sourceIn(bundle: Bundle, context: SourceContext, { keepLayers }: SourceOptions): Promise<Source> {
  if (await isLayout(bundle)) return await ociLayout(bundle, context, { keepLayers });
  if (await isSkopeoDirectory(bundle)) return await skopeoDirectory(bundle);
  if (await isDockerArchive(bundle)) return await dockerArchive(bundle, context);
  throw broken(
    bundle.name,
    "",
    "an OCI image layout (oci-layout, index.json) or a docker-archive (manifest.json)",
    "neither",
  );
}

/** One image of a source: that of a name, under this name only, or `@` and its place in the list. */
function only(source: Source, wanted: string): Source {
  return {
    ...source,
    async *images() {
      const all: string[] = [];
      let isFound = false;
      let at = 0;
      for await (const image of source.images()) {
        all.push(...image.names);
        const isThere = wanted === `@${at++}`;
        const names = isThere ? image.names : image.names.filter((name) => isCalled(name, wanted));
        if (!isThere && names.length === 0) continue;
        isFound = true;
        yield { ...image, names };
      }
      if (!isFound) throw noneCalled(source, wanted, all);
    },
  };
}

/**
 * Opens an OCI image layout or a docker-archive, each as a directory, as a tar archive or by standard input; a
 * directory of skopeo's; or a registry's repository.
 *
 * @throws {PublishError} when it is none of them, or broken; the system's error when it can't be read
 */
export async function openSource(text: string, context: SourceContext, options: SourceOptions): Promise<Source> {
  if (text.startsWith(REGISTRY_PREFIX)) {
    const referrers = { isRequired: options.requireReferrers, warn: context.warn };
    return await registrySource(parseAddress(text), options.access, referrers);
  }
  const { directory = text, path = directory, wanted } = PREFIXED.exec(text)?.groups ?? {};
  const bundle = await bundleAt(path, context, options);
  try {
    const source = await sourceIn(bundle, context, options);
    return wanted === undefined ? source : only(source, wanted);
  } catch (error) {
    await bundle.close();
    throw error;
  }
}
