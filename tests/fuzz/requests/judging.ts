/** What is wrong with the answers to what was sent on one connection, if anything. */
import { type ReceivedAnswer, readAnswer } from "./answers.ts";
import type { Heard } from "./conversation.ts";
import { fieldOf, type Reading, type ReadRequest } from "./naive-http.ts";
import { type Expected, isKnownLocation } from "./naive-registry.ts";

/** Says what may be answered to a request. */
export type Expect = (request: ReadRequest) => Expected;

/** Whether the server may take its time for the answer. Bun ends the connection if more comes meanwhile. */
export type IsSlow = (request: ReadRequest) => boolean;

const CODES = new Set([
  ...["BLOB_UNKNOWN", "DIGEST_INVALID", "MANIFEST_UNKNOWN", "NAME_INVALID", "NAME_UNKNOWN", "UNAUTHORIZED"],
  ...["TOOMANYREQUESTS", "UNSUPPORTED", "PAGINATION_NUMBER_INVALID", "RANGE_INVALID"],
]);

/** What Bun answers by itself to what it does not take, with no body, and then ends the connection. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 414, 431, 505]);

const apiOf = (path: string): string | undefined => /^\/(v[12])(?:$|\/)/.exec(path)?.[1];

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

const isRefusal = ({ status, headers, body }: ReceivedAnswer): boolean =>
  REFUSALS.has(status) && !headers.has("content-length") && !headers.has("content-type") && body === "";

/** What is wrong with any answer of the app, whatever was asked. */
function faultOf({ status, headers, body }: ReceivedAnswer): string | undefined {
  const type = headers.get("content-type") ?? "";
  if (status >= 500) return `a fault of the program: ${status}`;
  if (type.includes("html") && (status !== 200 || body.includes("<fuzz") || !headers.has("content-security-policy")))
    return "an open page";
  if (/<!doctype|<html/i.test(body) && !type.includes("html")) return "HTML";
  if (headers.has("docker-distribution-api-version")) {
    if (type.includes("html")) return "a page of v2";
    if (status >= 400 && (type !== "application/json" || (body !== "" && !isErrorBody(body))))
      return `an error that is not the specification's: ${type} ${body.slice(0, 80)}`;
  }
  const location = headers.get("location");
  if ((status === 302) !== (location !== undefined)) return `${status} with Location ${location}`;
  return location === undefined || isKnownLocation(location) ? undefined : `Location ${location}`;
}

/** What is wrong with an answer as the API's that was asked. */
function apiFaultOf({ status, headers, body }: ReceivedAnswer, path: string, isHead: boolean): string | undefined {
  const api = apiOf(path);
  if (api === undefined) return undefined;
  if ((headers.get("content-type") ?? "").includes("html")) return "a page where the registry is";
  const version = api === "v1" ? "x-docker-registry-version" : "docker-distribution-api-version";
  if (!headers.has(version)) return `no ${version}`;
  return status >= 400 && api === "v2" && !isHead && !isErrorBody(body) ? "no error of the specification" : undefined;
}

function differenceOf(
  answer: ReceivedAnswer,
  { statuses, location, json }: Expected,
  isHead: boolean,
): string | undefined {
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
export type CheckBody = (answer: ReceivedAnswer, expected: Expected) => string | undefined;

/** What was sent on a connection and what was said to it. */
interface Judged {
  readonly reading: Reading;
  readonly heard: Heard;
  readonly expect: Expect;
  readonly checkBody: CheckBody;
  readonly isSlow: IsSlow;
}

/** Judges what comes after the answers to clear requests: whole answers of the app, then at most one refusal. */
function judgeRest(text: string, start: number): string | undefined {
  let at = start;
  while (at < text.length) {
    const read = readAnswer(text, at, undefined);
    // A client that hangs up does not wait for the rest.
    if (read.kind === "incomplete") return undefined;
    if (read.kind === "fault") return `an answer to what is unclear: ${read.why}`;
    at = read.end;
    const { answer } = read;
    if (answer.status === 100) continue;
    if (isRefusal(answer)) return at === text.length ? undefined : `more after a refusal: ${text.slice(at, at + 200)}`;
    const wrong = faultOf(answer);
    if (wrong !== undefined) return `an answer to what is unclear: ${wrong}`;
  }
  return undefined;
}

/** @returns undefined when all is as it should be */
export function judge({ reading, heard, expect, checkBody, isSlow }: Judged): string | undefined {
  const { text, endedBy } = heard;
  const { requests, ending } = reading;
  let at = 0;
  for (const [number, request] of requests.entries()) {
    const { method, target, path } = request;
    const isHead = method === "HEAD";
    const where = `answer ${number + 1} of ${requests.length}, to ${method} ${target.slice(0, 200)}`;
    // A body may come after the server has done with the request.
    const hasBody = Number(fieldOf(request, "content-length") ?? 0) > 0;
    const isFollowed = number < requests.length - 1 || reading.isFollowed || hasBody;
    const read = readAnswer(text, at, !isHead);
    const isLost = read.kind === "incomplete" || (read.kind === "answer" && isRefusal(read.answer));
    if (isLost && endedBy !== "nobody" && isFollowed && isSlow(request)) return undefined;
    if (read.kind === "incomplete") return `${where}: not there, or not whole; ended by the ${endedBy}`;
    if (read.kind === "fault") return `${where}: ${read.why}`;
    const expected = expect(request);
    const wrong =
      faultOf(read.answer) ??
      apiFaultOf(read.answer, path, isHead) ??
      differenceOf(read.answer, expected, isHead) ??
      (isHead ? undefined : checkBody(read.answer, expected));
    if (wrong !== undefined) return `${where}: ${wrong}`;
    at = read.end;
  }
  if (ending === "unclear") return judgeRest(text, at);
  if (at !== text.length) return `more than was asked for: ${text.slice(at, at + 200)}`;
  const isEnded = ending === "closed" ? endedBy === "server" : endedBy !== "nobody";
  return isEnded ? undefined : `the connection was ended by the ${endedBy}`;
}
