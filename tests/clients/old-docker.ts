/** Sends the requests of docker 1.9: over v2, and over v1 when v2 does not know the manifest. */

/** One image of a v1 pull. */
export interface PulledImage {
  readonly json: unknown;
  readonly layer: Uint8Array;
}

/** The result of a pull over v1. */
export interface Pulled {
  readonly id: string;
  readonly ancestry: readonly string[];
  /** In the order of the ancestry. */
  readonly images: readonly PulledImage[];
}

/** The only codes of an error that docker 1.8 and 1.9 take for "v2 does not have it". */
const FALL_BACK = ["MANIFEST_UNKNOWN"];

async function get(url: string): Promise<Response> {
  const response = await fetch(url, { headers: { "User-Agent": "docker/1.9.1" } });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response;
}

const read = async <Value>(url: string): Promise<Value> => (await (await get(url)).json()) as Value;

/** Host, port and name of `<host>:<port>/<name>`. */
function parted(name: string): readonly [host: string, path: string] {
  const slash = name.indexOf("/");
  return [name.slice(0, slash), name.slice(slash + 1)];
}

/**
 * Pulls over v1 alone, as after a failure of v2.
 *
 * @param name `<host>:<port>/<name>`
 */
export async function pullOverV1(name: string, tag: string): Promise<Pulled> {
  const [host, path] = parted(name);
  const ping = await get(`http://${host}/v1/_ping`);
  if (ping.headers.get("x-docker-registry-standalone") !== "True") throw new Error(`${host} is no registry of its own`);
  const listed = await get(`http://${host}/v1/repositories/${path}/images`);
  // The images are where this header says, of which docker takes the first.
  const [endpoint = ""] = (listed.headers.get("x-docker-endpoints") ?? "").split(",");
  const v1 = `http://${endpoint.trim()}/v1`;
  const id = await read<string>(`${v1}/repositories/${path}/tags/${tag}`);
  const ancestry = await read<readonly string[]>(`${v1}/images/${id}/ancestry`);
  const images: PulledImage[] = [];
  for (const each of ancestry) {
    const json = await read<unknown>(`${v1}/images/${each}/json`);
    images.push({ json, layer: await (await get(`${v1}/images/${each}/layer`)).bytes() });
  }
  return { id, ancestry, images };
}

/**
 * Pulls over v2, and over v1 when v2 does not know the manifest.
 *
 * @param name `<host>:<port>/<name>`
 * @throws if there is no v2, if it has the tag, or if its error is one that docker does not fall back on
 */
export async function pullWithFailOver(name: string, tag: string): Promise<Pulled> {
  const [host, path] = parted(name);
  const base = await get(`http://${host}/v2/`);
  if (base.headers.get("docker-distribution-api-version") !== "registry/2.0") throw new Error(`${host} has no v2`);
  const manifest = await fetch(`http://${host}/v2/${path}/manifests/${tag}`);
  if (manifest.status !== 404) throw new Error(`v2 answers ${manifest.status} for ${name}:${tag}, not 404`);
  const { errors } = (await manifest.json()) as { readonly errors: readonly { readonly code: string }[] };
  if (!errors.some(({ code }) => FALL_BACK.includes(code))) throw new Error(`docker gives up: ${errors[0]?.code}`);
  return await pullOverV1(name, tag);
}
