/** The thread that parses large redirect files: bytes in, what they say out. */
import { parseRedirectFile } from "../redirect-file/parse.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<Uint8Array>): void => self.postMessage(parseRedirectFile(data));
