import * as v from "valibot";
import type { Bundle } from "./bundle.ts";
import { digestField, fields, readJson, sizeField } from "../json-file.ts";
import { broken } from "../publish-error.ts";
import { readSmall } from "./reading.ts";
import type { Source, SourceImage } from "./source.ts";

const LAYOUT_FILE = "oci-layout";
const INDEX_FILE = "index.json";

/** The names that tools give an image in `index.json`; the whole name says more than the tag. */
const NAME_ANNOTATIONS = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];

const text = v.string("a string");

const layoutVersion = fields({
  imageLayoutVersion: v.custom<string>((value) => value === "1.0.0", "the version 1.0.0"),
});

const index = fields({
  manifests: v.array(
    fields({
      mediaType: text,
      digest: digestField,
      size: sizeField,
      annotations: v.optional(v.record(text, text, "an object of strings")),
    }),
    "an array of descriptors",
  ),
});

async function readFile<Schema extends v.GenericSchema>(
  bundle: Bundle,
  path: string,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const file = await bundle.open(path);
  if (file === undefined) throw broken(`${bundle.name}: ${path}`, "", "a file", "nothing");
  return readJson(schema, await readSmall(file.name, file.read()), file.name);
}

/** Whether these files are an OCI image layout, whole or not. */
export const isLayout = async (bundle: Bundle): Promise<boolean> =>
  (await bundle.open(LAYOUT_FILE)) !== undefined || (await bundle.open(INDEX_FILE)) !== undefined;

/**
 * An OCI image layout: what `skopeo copy … oci:` writes, and `docker save` since Docker 25.
 *
 * @throws {PublishError} naming the file, the field and what was expected there
 * @see OCI image-spec 1.1 "Image Layout Specification"
 */
export async function ociLayout(bundle: Bundle): Promise<Source> {
  await readFile(bundle, LAYOUT_FILE, layoutVersion);
  const { manifests } = await readFile(bundle, INDEX_FILE, index);
  return {
    name: bundle.name,
    async *images() {
      for (const { annotations = {}, ...descriptor } of manifests) {
        const name = NAME_ANNOTATIONS.map((key) => annotations[key]).find((each) => each !== undefined);
        const image: SourceImage = { names: name === undefined ? [] : [name], root: async () => descriptor };
        yield image;
      }
    },
    open: ({ digest }) => bundle.open(`blobs/${digest.replace(":", "/")}`),
    close: bundle.close,
  };
}
