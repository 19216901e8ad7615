/** Stand-ins of our own for two programs that can't be had: what they decide, and no more of them. */
import { join } from "node:path";
import type { Contestant } from "./contestant.ts";

/** Crane 3.3.1 knew no version 5, so it answers a tag that is not there as one that may be. */
export const crane: Contestant = {
  name: "Crane's algorithm, Flask under gunicorn",
  program: "gunicorn",
  answers: { manifest: 302, blob: 302, tags: 302 },
  isSame: true,
  prepare: ({ data, port }) => [
    "env",
    `BENCH_DATA=${data}`,
    "gunicorn",
    "--chdir",
    join(import.meta.dir),
    "--bind",
    `127.0.0.1:${port}`,
    "--log-level",
    "error",
    "--worker-class",
    "gthread",
    "--threads",
    "4",
    "--keep-alive",
    "60",
    "crane_algorithm:app",
  ],
};

export const redirector: Contestant = {
  name: "archeio's algorithm, Go's net/http",
  program: "bench-redirector",
  answers: { manifest: 307, blob: 307 },
  isSame: false,
  prepare: ({ port }) => ["bench-redirector", `127.0.0.1:${port}`],
};
