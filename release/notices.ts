/** The licences of everything that is in the executable. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readBill } from "./sbom.ts";

const ROOT = join(import.meta.dir, "..");

/** The notices, in the repository, the release and the image. */
export const NOTICES_FILE = "THIRD-PARTY-NOTICES";

const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)(?:$|[.-])/i;

const HEAD = `Third-party notices

craned is licensed under the Apache License 2.0 (see LICENSE). Its executable contains the packages below, and Bun
(https://bun.com), which is licensed under the MIT license and links other libraries, among them JavaScriptCore of
WebKit (LGPL-2.0 and BSD-2-Clause). Bun lists their licenses, and how to link it with another WebKit, at
https://bun.com/docs/project/license.
`;

const RULE = "-".repeat(80);

/** Reads the licence and notice files of a package. */
function licenseTextOf(directory: string): string {
  const files = readdirSync(directory).filter((name) => LICENSE_FILE.test(name));
  return files
    .sort()
    .map((name) => readFileSync(join(directory, name), "utf8").replaceAll("\r\n", "\n").trim())
    .join("\n\n");
}

/** Writes the notices of all packages in the executable; packages with the same text share it. */
export function thirdPartyNotices(): string {
  const { components, directories } = readBill(join(ROOT, "bun.lock"));
  const packages = [...components.values()]
    .map(({ name, version, licenses = [], "bom-ref": reference }) => {
      const [license] = licenses.map((each) => ("expression" in each ? each.expression : each.license.id));
      return {
        title: `${name} ${version} (${license ?? "no license named"})`,
        text: licenseTextOf(directories.get(reference) ?? ""),
      };
    })
    .sort((a, b) => (a.title < b.title ? -1 : 1));
  const sections = [...Map.groupBy(packages, ({ text }) => text)].map(([text, group]) =>
    [...group.map(({ title }) => title), "", text === "" ? "The package has no license file." : text].join("\n"),
  );
  return [HEAD, ...sections.map((section) => `${RULE}\n${section}\n`)].join("\n");
}
