/** What can become of a data directory under a server that runs. */
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Craned, scratch, serveDirectory } from "../../tests/harness/craned.ts";
import { succeed } from "../../tests/harness/programs.ts";
import { type Asking, answers, askForever, ms, until } from "./asking.ts";
import type { FireCase, Outcome } from "./case.ts";
import { fill, NAMES, put } from "./files.ts";
import { holdingsOf, megabytes } from "./process.ts";

const LIMIT_MS = 20_000;
const NOBODY = 65534;
const JUNK = 100_000;

/** What a drill is done with. */
interface Scene {
  readonly craned: Craned;
  readonly data: string;
  readonly asking: Asking;
  /** Generations up to this one may be answered. */
  allow(generation: number): void;
}

/** Serves a hundred repositories, asks all the time, and puts everything away. */
async function served(
  { data, ...options }: Parameters<typeof serveDirectory>[1] & { readonly data: string },
  use: (scene: Scene) => Promise<Outcome>,
): Promise<Outcome> {
  const craned = await serveDirectory(data, options);
  let newest = 0;
  const asking = askForever(craned.origin, NAMES, (found) => found <= newest);
  try {
    const { held, figure } = await use({
      craned,
      data,
      asking,
      allow: (generation) => {
        newest = generation;
      },
    });
    await asking.stop();
    const faults = [...asking.wrong, ...(asking.unanswered > 0 ? [`${asking.unanswered} requests unanswered`] : [])];
    const answered = `${asking.asked} right answers meanwhile, the slowest after ${ms(asking.longest)}`;
    return { held: held && faults.length === 0, figure: [...faults, figure, answered].join("; ") };
  } finally {
    await asking.stop();
    await craned.stop();
  }
}

async function inScratch(use: (path: string, data: string) => Promise<Outcome>): Promise<Outcome> {
  const place = scratch();
  const data = join(place.path, "data");
  chmodSync(place.path, 0o755);
  mkdirSync(data);
  fill(data, 0);
  try {
    return await use(place.path, data);
  } finally {
    place.remove();
  }
}

/** Moved away, removed with all that is in it, and put there again. */
const removed = (): Promise<Outcome> =>
  inScratch((path, data) =>
    served({ data }, async ({ craned, allow }) => {
      renameSync(data, join(path, "away"));
      await craned.logged((line) => line.includes("expected a readable directory"));
      await Bun.sleep(1000);
      allow(1);
      fill(join(path, "away"), 1);
      renameSync(join(path, "away"), data);
      const back = await until(() => answers(craned.origin, "app-7", 1), LIMIT_MS);
      put(data, "app-7", 1);
      allow(2);
      put(data, "app-8", 2);
      const next = await until(() => answers(craned.origin, "app-8", 2), LIMIT_MS);
      return {
        held: back !== undefined && next !== undefined,
        figure: `its new files are served ${ms(back)} after it is back, a change in it after ${ms(next)}`,
      };
    }),
  );

/** An empty directory in its place for a while, as where its file system was unmounted. */
const emptied = (): Promise<Outcome> =>
  inScratch((path, data) =>
    served({ data }, async ({ craned, allow }) => {
      renameSync(data, join(path, "away"));
      mkdirSync(data);
      await craned.logged((line) => line.includes("an empty directory in its place"));
      await Bun.sleep(2000);
      rmSync(data, { recursive: true });
      allow(1);
      fill(join(path, "away"), 1);
      renameSync(join(path, "away"), data);
      const back = await until(() => answers(craned.origin, "app-7", 1), LIMIT_MS);
      return { held: back !== undefined, figure: `its new files are served ${ms(back)} after it is back` };
    }),
  );

/** Its mode taken away, and given back. Root may read everything, so somebody else serves. */
const unreadable = (): Promise<Outcome> =>
  inScratch((_, data) => {
    chownSync(data, NOBODY, NOBODY);
    const through = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
    const args = ["--data-dir-polling-interval", "1"];
    return served({ data, through, args }, async ({ craned, allow }) => {
      chmodSync(data, 0);
      await craned.logged((line) => line.includes("EACCES"));
      await Bun.sleep(2000);
      const lines = craned.log().length;
      allow(1);
      chmodSync(data, 0o755);
      fill(data, 1);
      const back = await until(() => answers(craned.origin, "app-7", 1), LIMIT_MS);
      return {
        held: back !== undefined && lines < 250,
        figure: `${lines} lines of log; its new files are served after ${ms(back)}`,
      };
    });
  });

type Junk = readonly [what: string, name: (number: number) => string, text: string];

const JUNKS: readonly Junk[] = [
  ["of other names", (number) => `${number}.tmp`, "junk"],
  ["redirect files in error", (number) => `${number}.json`, "{ junk"],
];

/** Filled with junk while it serves, and started on. */
const junk = ([what, nameOf, text]: Junk): Promise<Outcome> =>
  inScratch(async (_, data) => {
    const first = await served({ data }, async ({ craned, allow }) => {
      const before = holdingsOf(craned.pid).memory;
      const writing = Bun.spawn([
        "sh",
        "-c",
        `cd "$1" && seq 0 ${JUNK - 1} | while read n; do printf '%s' "$2" > "$n$3"; done`,
        "sh",
        data,
        text,
        nameOf(0).slice(1),
      ]);
      await writing.exited;
      allow(1);
      put(data, "app-7", 1);
      const seen = await until(() => answers(craned.origin, "app-7", 1), LIMIT_MS);
      const lines = craned.log().length;
      craned.signal("SIGHUP");
      await Bun.sleep(3000);
      return {
        held: seen !== undefined && lines < 20_000,
        figure: `${what}: a change after them is seen after ${ms(seen)}, memory ${megabytes(before)} → ${megabytes(holdingsOf(craned.pid).memory)}, ${lines} lines of log`,
      };
    });
    const began = performance.now();
    const craned = await serveDirectory(data);
    const started = performance.now() - began;
    const isRight = await answers(craned.origin, "app-7", 1);
    const lines = craned.log().length;
    const memory = holdingsOf(craned.pid).memory;
    await craned.stop();
    return {
      held: first.held && isRight && lines < 1100,
      figure: `${first.figure}; a start on them takes ${ms(started)} and ${megabytes(memory)}, ${lines} lines of log`,
    };
  });

async function allJunk(): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const each of JUNKS) outcomes.push(await junk(each));
  return { held: outcomes.every(({ held }) => held), figure: outcomes.map(({ figure }) => figure).join(". ") };
}

/** A mount below which files change without the kernel's telling. */
const unheard = (): Promise<Outcome> =>
  inScratch(async (path, data) => {
    const mount = join(path, "mount");
    mkdirSync(mount);
    await succeed(["bindfs", data, mount]);
    try {
      return await served({ data: mount, args: ["--data-dir-polling-interval", "1"] }, async ({ craned, allow }) => {
        const waits: number[] = [];
        for (let generation = 1; generation <= 5; generation++) {
          allow(generation);
          put(data, "app-7", generation);
          writeFileSync(join(data, "other.json.tmp"), "junk");
          const wait = await until(() => answers(craned.origin, "app-7", generation), LIMIT_MS);
          if (wait !== undefined) waits.push(wait);
        }
        return {
          held: waits.length === 5 && Math.max(...waits) < 3000,
          figure: `with data_dir_polling_interval 1, five changes are seen after ${ms(Math.max(...waits))} at most`,
        };
      });
    } finally {
      await succeed(["fusermount3", "-u", mount]);
    }
  });

/** No watches to be had: another process of the same user holds them all. */
const unwatched = (): Promise<Outcome> =>
  inScratch((_, data) => {
    const through = [
      "unshare",
      "--user",
      "--map-root-user",
      "sh",
      "-c",
      'echo 0 > /proc/sys/user/max_inotify_instances; exec "$@"',
      "sh",
    ];
    return served({ data, through, args: ["--data-dir-polling-interval", "1"] }, async ({ craned, allow }) => {
      await craned.logged((line) => line.includes("can't report all changes"));
      allow(1);
      put(data, "app-7", 1);
      const seen = await until(() => answers(craned.origin, "app-7", 1), LIMIT_MS);
      const lines = craned.log().filter((line) => line.includes("can't report")).length;
      return {
        held: seen !== undefined && seen < 3000 && lines === 1,
        figure: `the log says so in ${lines} line; with data_dir_polling_interval 1 a change is seen after ${ms(seen)}`,
      };
    });
  });

/** More events than the kernel keeps, while the server is stopped. */
const overflown = (): Promise<Outcome> =>
  inScratch((_, data) =>
    served({ data, args: ["--data-dir-polling-interval", "3600"] }, async ({ craned, asking, allow }) => {
      await asking.stop();
      craned.signal("SIGSTOP");
      for (let number = 0; number < 30_000; number++) writeFileSync(join(data, `${number}.tmp`), "junk");
      allow(1);
      put(data, "app-7", 1);
      craned.signal("SIGCONT");
      const seen = await until(() => answers(craned.origin, "app-7", 1), LIMIT_MS);
      for (let number = 0; number < 30_000; number++) rmSync(join(data, `${number}.tmp`));
      return { held: seen !== undefined, figure: `the last change is seen after ${ms(seen)}` };
    }),
  );

export const cases: readonly FireCase[] = [
  {
    name: "directory-removed",
    what: "The data directory is moved away for a second, its files are replaced there, and it is put back. The last good state is served meanwhile.",
    run: removed,
  },
  {
    name: "directory-unmounted",
    what: "An empty directory stands in the place of the data directory for two seconds, as where a file system is unmounted. The last good state is served meanwhile.",
    run: emptied,
  },
  {
    name: "directory-unreadable",
    what: "The data directory may not be read for two seconds (mode 000, the server run by nobody). The last good state is served, the log does not repeat itself.",
    run: unreadable,
  },
  {
    name: "junk",
    what: `${JUNK.toLocaleString("en")} files of junk are written into the data directory, of other names and redirect files in error. Answers go on, a change is seen, the log is bounded, a start comes up.`,
    run: allJunk,
  },
  {
    name: "no-events",
    what: "A file system that does not tell of changes, like NFS (bindfs, changed below the mount). They are found by polling.",
    run: unheard,
  },
  {
    name: "no-watches",
    what: "The kernel has no inotify instance to give. The log says so once, and changes are found by polling.",
    run: unwatched,
  },
  {
    name: "events-lost",
    what: "30,000 events while the server is stopped (SIGSTOP), more than the kernel keeps. The last change is seen without polling.",
    run: overflown,
  },
];
