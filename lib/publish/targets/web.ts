import { plain } from "../../core/redirect-file/fault.ts";
import { codeOrText } from "../../system-error.ts";
import { PublishError } from "../publish-error.ts";
import type { Target } from "./target.ts";

/** Files at a URL, which can only be read. @param url with a final slash */
export function webTarget(url: string): Target {
  async function ask(path: string, method: "GET" | "HEAD"): Promise<Response | undefined> {
    const at = new URL(path, url).href;
    try {
      // A length that is to be compared is that of the file, not of its compressed form.
      const response = await fetch(at, { method, headers: { "accept-encoding": "identity" } });
      if (response.status === 404 || response.status === 410) return undefined;
      if (response.status === 200) return response;
      throw new PublishError(`${at}: expected 200, received ${plain(`${response.status} ${response.statusText}`)}`);
    } catch (error) {
      if (error instanceof PublishError) throw error;
      const why = codeOrText(error);
      throw new PublishError(`${at}: the host can't be reached (${plain(why)})`);
    }
  }

  /** Answers so far: a blob's presence and its size are asked for in two places. */
  const heads = new Map<string, Promise<Response | undefined>>();

  async function headOf(path: string): Promise<{ readonly size: number | undefined } | undefined> {
    const head = heads.get(path) ?? ask(path, "HEAD");
    heads.set(path, head);
    const length = (await head)?.headers.get("content-length");
    return length === undefined ? undefined : { size: length === null ? undefined : Number(length) };
  }

  const readOnly = async (path: string): Promise<never> => {
    throw new PublishError(`${url}${path}: a URL can only be read`);
  };

  return {
    name: url.replace(/\/$/, ""),
    sizeOf: async (path) => (await headOf(path))?.size,
    async read(path) {
      const response = await ask(path, "GET");
      return response === undefined ? undefined : await response.bytes();
    },
    async open(path) {
      const head = await headOf(path);
      const read = async function* () {
        yield* (await ask(path, "GET"))?.body ?? [];
      };
      return head === undefined ? undefined : { name: url + path, size: head.size, read };
    },
    write: readOnly,
    transfer: readOnly,
    duplicate: readOnly,
    remove: readOnly,
    list: () => {
      throw new PublishError(`${url}: a URL can't be listed`);
    },
    settle: async () => {},
  };
}
