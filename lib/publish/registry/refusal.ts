import * as v from "valibot";
import { visible } from "../../core/redirect-file/fault.ts";
import type { Reply } from "./connection.ts";

const MAX_BYTES = 64 * 1024;
const MAX_SHOWN = 300;

const said = v.object({ code: v.optional(v.string(), ""), message: v.optional(v.string(), "") });
const errors = v.object({ errors: v.tupleWithRest([said], v.unknown()) });
/** Token services answer in their own way. @see RFC 6749 section 5.2 */
const other = v.union([
  v.pipe(
    v.object({ details: v.string() }),
    v.transform(({ details }) => details),
  ),
  v.pipe(
    v.object({ error: v.string(), error_description: v.optional(v.string(), "") }),
    v.transform(({ error, error_description: more }) => `${error} ${more}`.trim()),
  ),
  v.pipe(
    v.object({ message: v.string() }),
    v.transform(({ message }) => message),
  ),
]);

async function textOf(reply: Reply): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of reply.body()) {
    parts.push(Uint8Array.from(chunk));
    length += chunk.length;
    if (length > MAX_BYTES) break;
  }
  return Buffer.concat(parts).toString();
}

function reasonIn(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "";
  }
  const ours = v.safeParse(errors, value);
  if (!ours.success) {
    const others = v.safeParse(other, value);
    return others.success ? others.output : "";
  }
  const [{ code, message }] = ours.output.errors;
  return [code, message].filter((each) => each !== "").join(": ");
}

/** Describes an error response: its status, and the registry's own code and message. */
export async function describeRefusal(reply: Reply): Promise<string> {
  // A refusal whose reason breaks off is one all the same.
  const text = await textOf(reply).catch(() => "");
  const reason = visible(reasonIn(text).slice(0, MAX_SHOWN));
  return `${reply.response.status}${reason === "" ? "" : ` ${reason}`}`;
}
