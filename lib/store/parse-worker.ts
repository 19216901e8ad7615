/** The thread that parses large redirect files: receives bytes, sends what they parse to. */
import { setPriority } from "node:os";
import { parseRedirectFile } from "../core/redirect-file/parse.ts";

const NICE = 10;
try {
  // On Linux this is the priority of this thread alone, so that requests come first on a single core.
  if (process.platform === "linux") setPriority(NICE);
} catch {
  // Not allowed here: parse with the same priority.
}

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<Uint8Array>): void => self.postMessage(parseRedirectFile(data));
