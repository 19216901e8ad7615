import { cranedCommand } from "../process.ts";
import type { Contestant } from "./contestant.ts";

export const craned: Contestant = {
  name: "craned",
  program: "dist/craned",
  answers: { manifest: 302, blob: 302, tags: 200, missing: 404 },
  isSame: true,
  prepare: ({ data, port }) => cranedCommand(data, port),
};
