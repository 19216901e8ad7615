/** `bun run docs`: writes the documents that are made from the program. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { configurationReference } from "../lib/config/reference.ts";

writeFileSync(join(import.meta.dir, "configuration.md"), configurationReference());
