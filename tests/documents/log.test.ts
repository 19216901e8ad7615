/** The log's lines in the page about operations are those that the program writes. */
import { expect, test } from "bun:test";
import { scratch, serveDirectory } from "../harness/craned.ts";
import { leftovers } from "../harness/programs.ts";
import { v5 } from "../harness/redirect-files.ts";
import { textOf } from "./commands.ts";

const putAway = leftovers();

test("a start, a file that breaks, a reload, a request and the end are logged as described", async () => {
  const good = v5("team/app", { schema2_data: ["1.0"] });
  const data = scratch({ "app.json": good });
  putAway(data.remove);
  const environment = { CRANE_LOG_FORMAT: "text" };
  const craned = await serveDirectory(data.path, { args: ["--log-access"], environment });
  putAway(craned.stop);
  data.write("app.json", { ...good, url: undefined });
  await craned.logged((line) => line.includes("servesLastGood"));
  craned.signal("SIGHUP");
  await craned.logged((line) => line.includes("reloading"));
  await fetch(`${craned.origin}/v2/team/app/manifests/1.0`, { redirect: "manual" });
  await craned.stop();

  /** Without what differs from run to run. */
  const plain = (line: string): string =>
    line
      .replace(/^\S+ /, "")
      .replaceAll(data.path, "/var/lib/crane/metadata")
      .replace(/(management on \S+:)\d+/, "$15001")
      .replace(/(listening on \S+:)\d+/, "$15000")
      .replace(/(duration|request\.id|user_agent\.original)=\S+/g, "$1=");
  const described = [...textOf("docs/operations.md").matchAll(/^\d{4}-\S+Z .*$/gm)].map(([line]) => plain(line));
  expect(described.length).toBeGreaterThan(5);
  const logged = craned.log().map(plain);
  expect(described.filter((line) => !logged.includes(line))).toEqual([]);
});
