import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { describeListenAddress } from "../config/addresses.ts";
import type { Config } from "../config/config.ts";
import { codeOf } from "../system-error.ts";
import { EXIT, type ExitCode, type Terminal } from "../terminal.ts";
import { configOrComplaint } from "./settings.ts";

/** Shorter than the time that schedulers give a check, so that ours is the reason that is logged. */
const TIMEOUT_MILLISECONDS = 4000;

/** Addresses that mean every one of the machine, and one of them that can be asked. */
const LOOPBACK: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** A probe of the running server: the readiness of its management, or without that the health of its registry. */
interface Probe {
  readonly url: string;
  readonly socketPath?: string;
}

function probeOf({ management, server }: Config): Probe {
  const address = management.listen ?? server.listen[0];
  const scheme = management.listen === undefined && server.tls !== undefined ? "https" : "http";
  const path = management.listen === undefined && !management.onRegistryPort ? "/healthz" : "/readyz";
  if (address.kind === "unix") return { url: `${scheme}://localhost${path}`, socketPath: address.path };
  const host = LOOPBACK[address.host] ?? address.host;
  return { url: `${scheme}://${describeListenAddress({ ...address, host })}${path}` };
}

interface HealthAnswer {
  readonly status: number;
  readonly body: string;
}

/** `fetch` would go through HTTP_PROXY, even to this machine. */
function ask({ url, socketPath }: Probe): Promise<HealthAnswer> {
  return new Promise((resolve, reject) => {
    const options = {
      agent: false,
      ...(socketPath !== undefined && { socketPath }),
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
  return codeOf(error) === "ECONNREFUSED" ? "nothing listens there" : error.message;
}

/** `craned healthcheck`: asks the server that this configuration describes whether it is ready. */
export async function healthcheck(options: Readonly<Record<string, unknown>>, terminal: Terminal): Promise<ExitCode> {
  const config = configOrComplaint(options, terminal);
  if (config === undefined) return EXIT.failed;
  const fail = (reason: string): ExitCode => {
    terminal.complain(`error: ${reason}\n`);
    return EXIT.failed;
  };
  const probe = probeOf(config);
  const { url } = probe;
  if (url.includes(":0/")) return fail("server.port is 0, so the port to ask is unknown");
  try {
    const { status, body } = await ask(probe);
    if (status !== 200) return fail(`${url} answered ${status}: ${body}`);
    terminal.print(`${url} answered ${body}\n`);
    return EXIT.ok;
  } catch (error) {
    return fail(`${url}: ${describeFailure(error)}`);
  }
}
