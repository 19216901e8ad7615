/** What is wrong with the answers to what was sent on one connection, if anything. */
import { readAnswer, type WireAnswer } from "./answers.ts";
import type { Heard } from "./conversation.ts";
import type { Reading, ReadRequest } from "./naive-http.ts";
import type { Expected } from "./naive-registry.ts";

/** Says what may be answered to a request. */
export type Expect = (request: ReadRequest) => Expected;

const PAGES = /^\/(?:docs|crane\/repositories(?:\/v[12])?)\/?(?:$|\?)/;
const CODES = new Set([
  ...["BLOB_UNKNOWN", "DIGEST_INVALID", "MANIFEST_UNKNOWN", "NAME_INVALID", "NAME_UNKNOWN", "UNAUTHORIZED"],
  ...["TOOMANYREQUESTS", "UNSUPPORTED", "PAGINATION_NUMBER_INVALID", "RANGE_INVALID"],
]);
const REFUSALS: ReadonlySet<number> = new Set([400, 414, 431]);

const isV2 = (target: string): boolean => /^\/v2(?:$|[/?])/.test(target);

function isErrorBody(body: string): boolean {
  try {
    const { errors, ...others } = JSON.parse(body);
    return (
      Object.keys(others).length === 0 && errors.length === 1 && CODES.has(errors[0].code) && "message" in errors[0]
    );
  } catch {
    return false;
  }
}

/** What is wrong with any answer, whatever was asked. */
function faultOf({ status, headers, body }: WireAnswer, target: string, isHead: boolean): string | undefined {
  const type = headers.get("content-type") ?? "";
  if (status >= 500) return "a fault of the program";
  const isPage = PAGES.test(target) && status === 200;
  if (type.includes("html") !== (isPage && type !== "application/json")) return `content of type ${type}`;
  if (type.includes("html") && (body.includes("<fuzz") || !headers.has("content-security-policy")))
    return "an open page";
  if (/<!doctype|<html/i.test(body) && !type.includes("html")) return "HTML";
  if (status >= 400 && isV2(target) && (type !== "application/json" || (!isHead && !isErrorBody(body))))
    return `an error that is not the specification's: ${type} ${body.slice(0, 80)}`;
  const location = headers.get("location");
  if ((status === 302) !== (location !== undefined)) return `${status} with Location ${location}`;
  return location === undefined || /^http:\/\/cdn\.test\/[!-~]+$/.test(location) ? undefined : `Location ${location}`;
}

function differenceOf(answer: WireAnswer, { statuses, location, json }: Expected, isHead: boolean): string | undefined {
  const { status, headers, body } = answer;
  if (!statuses.includes(status)) return `${status}, expected ${statuses.join(" or ")}`;
  const sent = headers.get("location");
  if (status === 302 && location !== undefined && sent !== location) return `Location ${sent}, expected ${location}`;
  if (status !== 200 || json === undefined || isHead) return undefined;
  const expected = JSON.stringify(json);
  return Bun.deepEquals(JSON.parse(body), json)
    ? undefined
    : `${body.slice(0, 200)}, expected ${expected.slice(0, 200)}`;
}

/** Whether all answers are there that have to come while the connection is open. */
export function isAnswered(reading: Reading, text: string): boolean {
  let at = 0;
  for (const { method } of reading.requests) {
    const read = readAnswer(text, at, method !== "HEAD");
    if (read.kind === "incomplete") return false;
    if (read.kind === "fault") return true;
    at = read.end;
  }
  return true;
}

/** What is wrong with a file that was sent: the bytes are others than those on disk. */
export type CheckBody = (answer: WireAnswer, expected: Expected) => string | undefined;

interface Judged {
  readonly reading: Reading;
  readonly heard: Heard;
  readonly expect: Expect;
  readonly checkBody: CheckBody;
}

/** @returns undefined when all is as it should be */
export function judge({ reading, heard, expect, checkBody }: Judged): string | undefined {
  const { text, endedBy } = heard;
  const { requests, ending, refusedMethod } = reading;
  let at = 0;
  for (const [number, request] of requests.entries()) {
    const { method, target } = request;
    const isHead = method === "HEAD";
    const where = `answer ${number + 1} of ${requests.length}, to ${method} ${target.slice(0, 200)}`;
    const read = readAnswer(text, at, !isHead);
    if (read.kind === "incomplete") return `${where}: not there, or not whole; ended by the ${endedBy}`;
    if (read.kind === "fault") return `${where}: ${read.why}`;
    const expected = expect(request);
    const wrong =
      faultOf(read.answer, target, isHead) ??
      differenceOf(read.answer, expected, isHead) ??
      (isHead ? undefined : checkBody(read.answer, expected));
    if (wrong !== undefined) return `${where}: ${wrong}`;
    const isLast = number === requests.length - 1 && ending === "closed";
    if (isLast && read.answer.headers.get("connection") !== "close") return `${where}: no Connection: close`;
    at = read.end;
  }
  if (ending === "refused") {
    const read = readAnswer(text, at, refusedMethod === "HEAD" ? undefined : true);
    if (read.kind !== "answer")
      return `the refusal: ${read.kind === "fault" ? read.why : `none; ended by the ${endedBy}`}`;
    if (!REFUSALS.has(read.answer.status)) return `the refusal: ${read.answer.status}`;
    if (read.answer.headers.get("connection") !== "close") return "the refusal: no Connection: close";
    if ((read.answer.headers.get("content-type") ?? "").includes("html")) return "the refusal: HTML";
    at = read.end;
  }
  if (at !== text.length) return `more than was asked for: ${text.slice(at, at + 200)}`;
  if (ending === "open" ? endedBy === "nobody" : endedBy !== "server")
    return `the connection was ended by the ${endedBy}`;
  return undefined;
}
