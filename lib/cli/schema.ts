import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { SCHEMAS } from "../core/redirect-file/parse.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";

/** `protected` in another case, which is an error: read as unknown, it would leave the repository open. */
const MISSPELT_PROTECTED = "^(?!protected$)[pP][rR][oO][tT][eE][cC][tT][eE][dD]$";

/** The metadata of a field, which says what Valibot's own schema of it can't. */
function metadataOf(field: v.BaseSchema<unknown, unknown, v.BaseIssue<unknown>>) {
  const schema = "wrapped" in field ? field.wrapped : field;
  return v.getMetadata(schema as Parameters<typeof v.getMetadata>[0]);
}

function schemaOf(version: keyof typeof SCHEMAS) {
  const file = SCHEMAS[version];
  // The checks of our own parsers can't be converted: the metadata of these fields has their JSON Schema.
  const { properties, required } = toJsonSchema(file, { typeMode: "input", errorMode: "ignore" });
  const fields = Object.entries(file.pipe[0].entries).map(([name, field]) => {
    const converted = properties?.[name];
    return [name, { ...(typeof converted === "object" && converted), ...metadataOf(field) }];
  });
  return { properties: Object.fromEntries(fields), required };
}

/** The JSON Schema of redirect files of every version. */
export function redirectFileSchema() {
  const versions = [1, 2, 3, 4, 5, 6] as const;
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "craned redirect file",
    description: "Describes one repository on one registry API.",
    type: "object",
    required: ["version"],
    properties: {
      version: { enum: versions, description: "The format of this file: 1 for the v1 API, 2 to 6 for v2." },
    },
    propertyNames: { not: { pattern: MISSPELT_PROTECTED } },
    allOf: versions.map((version) => ({
      if: { properties: { version: { const: version } }, required: ["version"] },
      // biome-ignore lint/suspicious/noThenProperty: it is JSON Schema's.
      then: schemaOf(version),
    })),
  };
}

/** `craned schema`: prints the JSON Schema of redirect files. */
export function schema(terminal: Terminal): ExitCode {
  terminal.print(`${JSON.stringify(redirectFileSchema(), undefined, 2)}\n`);
  return EXIT.ok;
}
