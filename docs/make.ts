/** `bun run docs`: writes the documents that are made from the program and its packages. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { configurationReference } from "../lib/config/reference.ts";
import { NOTICES_FILE, thirdPartyNotices } from "../release/notices.ts";

writeFileSync(join(import.meta.dir, "configuration.md"), configurationReference());
writeFileSync(join(import.meta.dir, "..", NOTICES_FILE), thirdPartyNotices());
