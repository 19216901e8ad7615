import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import type { Config } from "../config/config.ts";
import { firstAddress } from "../server/listening.ts";
import { configOrComplaint } from "./settings.ts";
import { EXIT, type ExitCode, type Terminal } from "./terminal.ts";

/** Shorter than the time that schedulers give a check, so that ours is the reason that is logged. */
const TIMEOUT_MILLISECONDS = 4000;

/** Addresses that mean every one of the machine, and one of them that can be asked. */
const LOOPBACK: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

function readinessUrl(server: Config["server"]): string {
  const { tls } = server;
  const { host, port } = firstAddress(server);
  const address = LOOPBACK[host] ?? host;
  const authority = address.includes(":") ? `[${address}]` : address;
  return `${tls === undefined ? "http" : "https"}://${authority}:${port}/readyz`;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** `fetch` would go through HTTP_PROXY, even to this machine. */
function ask(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      agent: false,
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
      // The certificate is for the name that clients use, which is not the one asked here.
      rejectUnauthorized: false,
    };
    const request = (url.startsWith("https:") ? tlsRequest : plainRequest)(url, options, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: body.trim() }));
    });
    request.on("error", reject);
    request.end();
  });
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError" || error.name === "AbortError") {
    return `no answer within ${TIMEOUT_MILLISECONDS / 1000} seconds`;
  }
  return "code" in error && error.code === "ECONNREFUSED" ? "nothing listens there" : error.message;
}

/** `craned healthcheck`: whether the server that this configuration describes is ready, for whoever restarts it. */
export async function healthcheck(options: Readonly<Record<string, unknown>>, terminal: Terminal): Promise<ExitCode> {
  const config = configOrComplaint(options, terminal);
  if (config === undefined) return EXIT.failed;
  const fail = (reason: string): ExitCode => {
    terminal.complain(`error: ${reason}\n`);
    return EXIT.failed;
  };
  if (firstAddress(config.server).port === 0) return fail("server.port is 0, so that nobody knows which port to ask");
  const url = readinessUrl(config.server);
  try {
    const { status, body } = await ask(url);
    if (status !== 200) return fail(`${url} answered ${status}: ${body}`);
    terminal.print(`${url} answered ${body}\n`);
    return EXIT.ok;
  } catch (error) {
    return fail(`${url}: ${describeFailure(error)}`);
  }
}
