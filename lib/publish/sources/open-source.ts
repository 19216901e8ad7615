import { stat } from "node:fs/promises";
import { type Bundle, directoryBundle } from "./bundle.ts";
import { dockerArchive, isDockerArchive } from "./docker-archive.ts";
import { isLayout, ociLayout } from "./oci-layout.ts";
import { broken } from "../publish-error.ts";
import { readWhole } from "./reading.ts";
import { parseAddress, REGISTRY_PREFIX } from "../registry/address.ts";
import type { RegistryAccess } from "../registry/credentials.ts";
import { registrySource } from "../registry/registry-source.ts";
import type { Source, Workshop } from "./source.ts";
import { tarBundle } from "./tar.ts";

/** What compressed files begin with, and what uncompresses them. */
const COMPRESSED = [
  [[0x1f, 0x8b], "gunzip"],
  [[0x28, 0xb5, 0x2f, 0xfd], "unzstd"],
  [[0xfd, 0x37, 0x7a, 0x58], "unxz"],
  [[0x42, 0x5a, 0x68], "bunzip2"],
] as const;

async function refuseCompressed(path: string, size: number): Promise<void> {
  for await (const chunk of readWhole(path, size)) {
    const found = COMPRESSED.find(([magic]) => magic.every((byte, at) => chunk[at] === byte));
    if (found !== undefined)
      throw broken(path, "", `an uncompressed tar archive (try ${found[1]})`, "a compressed one");
    return;
  }
}

async function bundleAt(path: string): Promise<Bundle> {
  const status = await stat(path);
  if (status.isDirectory()) return directoryBundle(path);
  if (!status.isFile()) throw broken(path, "", "a directory or a tar archive", "something else");
  await refuseCompressed(path, status.size);
  return await tarBundle(path);
}

/**
 * Opens an OCI image layout or a docker-archive, each as a directory or as a tar archive, or a registry's repository.
 *
 * @throws {PublishError} when it is none of them, or broken; the system's error when it can't be read
 */
export async function openSource(path: string, workshop: Workshop, access: RegistryAccess): Promise<Source> {
  if (path.startsWith(REGISTRY_PREFIX)) return await registrySource(parseAddress(path), access);
  const bundle = await bundleAt(path);
  try {
    if (await isLayout(bundle)) return await ociLayout(bundle);
    if (await isDockerArchive(bundle)) return await dockerArchive(bundle, workshop);
    throw broken(
      path,
      "",
      "an OCI image layout (oci-layout, index.json) or a docker-archive (manifest.json)",
      "neither",
    );
  } catch (error) {
    await bundle.close();
    throw error;
  }
}
