/** Certificates that are replaced while clients connect. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { scratchCertificates } from "../../tests/harness/certificates.ts";
import { scratch } from "../../tests/harness/craned.ts";
import type { FireCase, Outcome } from "./case.ts";
import { inMs, requestFor, withServer } from "./clients.ts";

const LANES = 4;
const SWAPS = 5;

interface Seen {
  answered: number;
  failed: number;
  /** Kept connections that ended before another answer, as they may at any time: clients ask again then. */
  ended: number;
  /** Serial numbers of the certificates that were met. */
  readonly serials: Set<string>;
}

/** Connects, asks once or twice, and hangs up. */
const visit = (port: number, seen: Seen, asks: number): Promise<void> =>
  new Promise((resolve) => {
    let left = asks;
    const done = (isRight: boolean) => {
      if (isRight) seen.answered++;
      else if (left === asks) seen.failed++;
      else seen.ended++;
      socket.removeAllListeners().on("error", () => undefined);
      socket.destroy();
      resolve();
    };
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      seen.serials.add(socket.getPeerCertificate().serialNumber);
      socket.write(requestFor());
    });
    socket.on("data", (bytes) => {
      if (!bytes.toString("latin1").startsWith("HTTP/1.1 302")) return done(false);
      if (--left === 0) return done(true);
      setTimeout(() => socket.write(requestFor()), 50);
    });
    socket.on("error", () => done(false));
    socket.on("close", () => done(false));
  });

async function swapped(): Promise<Outcome> {
  const certificates = scratchCertificates();
  const place = scratch();
  const [cert, key] = [join(place.path, "cert.pem"), join(place.path, "key.pem")];
  const install = async () => {
    const made = certificates.make({ name: "localhost" });
    for (const [path, from] of [
      [cert, made.certificatePath],
      [key, made.keyPath],
    ] as const) {
      writeFileSync(`${path}.tmp`, await Bun.file(from).text());
      renameSync(`${path}.tmp`, path);
    }
  };
  try {
    await install();
    return await withServer({ args: ["--tls-certificate", cert, "--tls-key", key] }, async ({ craned }) => {
      const seen: Seen = { answered: 0, failed: 0, ended: 0, serials: new Set() };
      let isOver = false;
      const lanes = Array.from({ length: LANES }, async (_, lane) => {
        while (!isOver) await visit(craned.port, seen, 1 + lane);
      });
      const waits: number[] = [];
      for (let swap = 0; swap < SWAPS; swap++) {
        const known = seen.serials.size;
        const began = performance.now();
        await install();
        while (seen.serials.size === known && performance.now() - began < 20_000) await Bun.sleep(5);
        waits.push(performance.now() - began);
        await Bun.sleep(300);
      }
      isOver = true;
      await Promise.all(lanes);
      return {
        held: seen.failed === 0 && seen.serials.size >= SWAPS,
        figure: `${seen.serials.size} certificates were met, a new one after ${inMs(Math.max(...waits))} at most; ${seen.answered} visits went well, ${seen.failed} got no answer, ${seen.ended} kept connections were ended and opened again`,
      };
    });
  } finally {
    certificates.close();
    place.remove();
  }
}

export const cases: readonly FireCase[] = [
  {
    name: "certificate-replaced",
    what: `Certificate and key are replaced ${SWAPS} times while ${LANES} clients connect over TLS without a pause and keep connections for up to four requests. New connections meet the new certificate, none is without an answer.`,
    run: swapped,
  },
];
