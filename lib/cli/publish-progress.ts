import { visible } from "../core/redirect-file/fault.ts";
import type { PublishEvent, Report } from "../publish/events.ts";
import type { Terminal } from "../terminal.ts";
import { counted } from "./counted.ts";

/** Tells a person or a machine how far publishing is. */
export interface Progress {
  readonly report: Report;
  /** Called once, when all is over, well or not: nothing of a bar stays on the terminal. */
  readonly end: () => void;
}

const REPAINT_MS = 100;
const TELL_MACHINES_MS = 1000;
/** With the longest numbers, a line still fits into 80 columns. */
const BAR_WIDTH = 12;
const CLEAR_LINE = "\r\u001b[K";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Bytes for people. */
function describeBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit] ?? ""}`;
}

function describeSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The progress; a total that is not known yet is 0. */
interface Standing {
  readonly done: number;
  readonly total: number;
  /** Since it began. */
  readonly seconds: number;
}

/** `[#####.......]  42%  1.2 GiB of 2.8 GiB  310.0 MiB/s  6 s left` */
export function bar({ done, total, seconds }: Standing): string {
  const rate = seconds > 0 ? done / seconds : 0;
  const speed = `${describeBytes(Math.round(rate))}/s`;
  if (total === 0 || done > total) return `${describeBytes(done)} read  ${speed}`;
  const filled = Math.floor((BAR_WIDTH * done) / total);
  const picture = `[${"#".repeat(filled)}${".".repeat(BAR_WIDTH - filled)}]`;
  const left = rate > 0 ? `  ${describeSeconds((total - done) / rate)} left` : "";
  const percent = `${Math.floor((100 * done) / total)}%`.padStart(4);
  return `${picture} ${percent}  ${describeBytes(done)} of ${describeBytes(total)}  ${speed}${left}`;
}

const shortDigest = (digest: string): string => digest.slice(0, "sha256:".length + 12);

/** Hides the credentials in URLs: messages go into the logs of CI. */
const masked = (text: string): string => text.replace(/(?<=:\/\/)[^\s/@]+@/g, "***@");

/** A message as a person may see it. */
export const shown = (text: string): string => visible(masked(text));

/** An event in a line; undefined for what is no news. */
function lineOf(event: PublishEvent): string | undefined {
  switch (event.event) {
    case "planned":
      return `${counted(event.tags, "tag")}, ${counted(event.manifests, "manifest")}, ${counted(event.blobs, "blob")}; ${describeBytes(event.bytes)} to read`;
    case "blob":
      if (event.outcome === "present") return undefined;
      return `blob ${shortDigest(event.digest)}  ${describeBytes(event.size ?? 0)}  ${event.outcome}`;
    case "tag":
      return event.outcome === "unchanged" ? undefined : `tag ${event.tag}  ${event.outcome}, ${event.digest}`;
    case "untagged":
      return `tag ${event.tag}  gone`;
    case "removed":
      return `removed ${event.path}`;
    case "skipped":
      return `skipped ${event.name}: ${event.why}`;
    case "warning":
      return `warning: ${event.text}`;
    case "published":
      return `${event.file}  ${event.outcome}`;
    case "read":
      return undefined;
  }
}

/** Events as JSON, one a line, to standard output; bytes are summed up and reported about once a second. */
function forMachines(terminal: Terminal, now: () => number): Progress {
  let done = 0;
  let reportedAt = now();
  const tell = (value: object) => terminal.print(`${masked(JSON.stringify(value))}\n`);
  return {
    report(event) {
      if (event.event !== "read") return tell(event);
      done += event.bytes;
      if (now() - reportedAt < TELL_MACHINES_MS) return;
      reportedAt = now();
      tell({ event: "read", bytes: done });
    },
    end: () => tell({ event: "read", bytes: done }),
  };
}

/** Lines to standard error and, if a person reads it, a bar below them. */
function forPeople(terminal: Terminal, now: () => number): Progress {
  const began = now();
  let done = 0;
  let total = 0;
  let painted = Number.NEGATIVE_INFINITY;
  const paint = () => {
    if (!terminal.isTerminal || (done === 0 && total === 0)) return;
    painted = now();
    terminal.complain(CLEAR_LINE + bar({ done, total, seconds: (painted - began) / 1000 }));
  };
  const clear = () => {
    if (terminal.isTerminal) terminal.complain(CLEAR_LINE);
  };
  return {
    report(event) {
      if (event.event === "read") {
        done += event.bytes;
        if (now() - painted >= REPAINT_MS) paint();
        return;
      }
      // What was read before the plan was made is not a part of it.
      if (event.event === "planned") total = done + event.bytes;
      const line = lineOf(event);
      if (line === undefined) return;
      clear();
      terminal.complain(`${shown(line)}\n`);
      paint();
    },
    end: clear,
  };
}

/** @param now milliseconds since any moment */
export const progressFor = (terminal: Terminal, isJson: boolean, now: () => number): Progress =>
  isJson ? forMachines(terminal, now) : forPeople(terminal, now);
