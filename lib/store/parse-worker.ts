/** The thread that parses large redirect files: bytes in, what they say out. */
import { setPriority } from "node:os";
import { parseRedirectFile } from "../core/redirect-file/parse.ts";

const NICE = 10;
try {
  // On Linux that is this thread's own: where there is one core, requests come first.
  if (process.platform === "linux") setPriority(NICE);
} catch {
  // A system that won't have it parses with the others' priority.
}

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<Uint8Array>): void => self.postMessage(parseRedirectFile(data));
