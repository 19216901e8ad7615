/** The least that Bun can do: Bun.serve, and one answer for everything. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { urlOf } from "../data.ts";
import type { Contestant } from "./contestant.ts";

const program = (port: number) => `Bun.serve({ hostname: "127.0.0.1", port: ${port},
  fetch: () => new Response(null, { status: 302, headers: {
    Location: "${urlOf(1)}manifests/2/v1.1", "Docker-Distribution-API-Version": "registry/2.0" } }) });`;

export const bare: Contestant = {
  name: "bare Bun.serve, one fixed 302",
  program: process.execPath,
  answers: { manifest: 302, blob: 302 },
  isSame: false,
  endsSilently: true,
  prepare: ({ scratch, port }) => {
    const file = join(scratch, "bare.ts");
    writeFileSync(file, program(port));
    return [process.execPath, file];
  },
};
