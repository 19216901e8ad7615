/**
 * Two replicas behind the load balancers of deploy/, in the very files that people copy: one is killed, the other is
 * told to stop, both come back, and no client is to notice.
 */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildDemo } from "../../lib/demo/demo.ts";
import { type Made, scratchCertificates } from "../harness/certificates.ts";
import { type Craned, scratch, startCraned } from "../harness/craned.ts";
import { startHaproxy } from "../harness/haproxy.ts";
import { freePort, startNginxWith } from "../harness/nginx.ts";
import { describeWith, leftovers, run } from "../harness/programs.ts";
import { SCHEMA_2 } from "../harness/redirect-files.ts";
import { sample } from "../harness/samples.ts";

setDefaultTimeout(120_000);

const LANES = 4;
/** Requests that go well before the next thing happens. */
const STRETCH = 300;
const MANIFEST = "/v2/demo/tree/manifests/1.0";
const TYPES = { Accept: SCHEMA_2 };

const putAway = leftovers();

/** One of several that are alike; it comes back on its own port. */
interface Replica {
  readonly craned: () => Craned;
  readonly start: () => Promise<void>;
}

/** The management port of each replica, by its registry's. */
const managementPorts = new Map<number, number>();
const managementOf = (port = 0): number => {
  const known = managementPorts.get(port) ?? freePort();
  managementPorts.set(port, known);
  return known;
};

function replicaOn(port: number, dataDir: string): Replica {
  let craned: Craned | undefined;
  const management = `127.0.0.1:${managementOf(port)}`;
  const args = [
    ...["--data-dir", dataDir, "--host", "127.0.0.1", "--port", String(port), "--trusted-proxies", "127.0.0.1"],
    ...["--management-listen", management],
  ];
  return {
    craned() {
      if (craned === undefined) throw new Error("a replica was asked before it was started");
      return craned;
    },
    async start() {
      craned = await startCraned(["serve", ...args, "--log-access"]);
      putAway(craned.stop);
    },
  };
}

const BALANCERS = {
  "haproxy.cfg": (server: Made, port: number, replicas: readonly number[]) => {
    const files = scratch({ "haproxy.pem": server.pem + readFileSync(server.keyPath, "utf8") });
    putAway(files.remove);
    return startHaproxy(
      sample("haproxy.cfg", {
        "/etc/craned/tls/haproxy.pem": join(files.path, "haproxy.pem"),
        "bind :443": `bind 127.0.0.1:${port}`,
        "127.0.0.1:5011": `127.0.0.1:${replicas[0]}`,
        "127.0.0.1:5012": `127.0.0.1:${replicas[1]}`,
        "check port 5021": `check port ${managementOf(replicas[0])}`,
        "check port 5022": `check port ${managementOf(replicas[1])}`,
        // Who runs the tests may be nobody who could become another.
        "    user haproxy\n    group haproxy\n": "",
      }),
      port,
    );
  },
  "nginx-fleet.conf": (server: Made, port: number, replicas: readonly number[]) =>
    startNginxWith(
      sample("nginx-fleet.conf", {
        "/etc/craned/tls/server.pem": server.certificatePath,
        "/etc/craned/tls/server.key": server.keyPath,
        "listen 443": `listen 127.0.0.1:${port}`,
        "127.0.0.1:5011": `127.0.0.1:${replicas[0]}`,
        "127.0.0.1:5012": `127.0.0.1:${replicas[1]}`,
      }),
    ),
};

for (const [name, program] of [
  ["haproxy.cfg", "haproxy"],
  ["nginx-fleet.conf", "nginx"],
] as const) {
  describeWith([program, "skopeo", "openssl"], `deploy/${name}`, () => {
    const replicas: Replica[] = [];
    let port = 0;
    let pem = "";

    beforeAll(async () => {
      const host = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch(request) {
          const object = demo.objects.get(new URL(request.url).pathname.replace(/^\/static\//, ""));
          if (object === undefined) return new Response("Not Found", { status: 404 });
          return new Response(new Blob([object.bytes.slice()]), { headers: { "Content-Type": object.contentType } });
        },
      });
      putAway(() => host.stop(true));
      const demo = buildDemo(`http://127.0.0.1:${host.port}`);
      const data = scratch(Object.fromEntries(demo.redirectFiles));
      putAway(data.remove);
      const certificates = scratchCertificates();
      putAway(certificates.close);
      const server = certificates.make({
        name: "localhost",
        extensions: ["subjectAltName=DNS:localhost,IP:127.0.0.1"],
      });
      const ports = [freePort(), freePort()];
      for (const each of ports) {
        const replica = replicaOn(each, data.path);
        await replica.start();
        replicas.push(replica);
      }
      port = freePort();
      ({ pem } = server);
      putAway((await BALANCERS[name](server, port, ports)).stop);
    });

    const ask = (path: string, headers: Readonly<Record<string, string>> = TYPES): Promise<Response> =>
      fetch(`https://localhost:${port}${path}`, { redirect: "manual", headers, tls: { ca: pem } });

    test("hands on who the client is and what its request is called, and believes nobody", async () => {
      const forged = { ...TYPES, "X-Forwarded-For": "192.0.2.1", Forwarded: "for=192.0.2.1", "X-Request-Id": "forged" };
      expect((await ask(`${MANIFEST}?who`, forged)).status).toBe(302);
      const seen = replicas.map(({ craned }) => craned().logged((line) => line.includes('"url.query":"who"')));
      const line = JSON.parse(await Promise.any(seen));
      expect(line["client.address"]).toBe("127.0.0.1");
      expect(line["request.id"]).toMatch(/^[\da-f-]{32,36}$/);
    });

    test.each(["/metrics", "/readyz"])("keeps %s inside", async (path) => {
      expect((await ask(path)).status).toBe(404);
    });

    test("no request and no pull fails while replicas are killed, stopped and started again", async () => {
      const failures: string[] = [];
      let [requests, pulls] = [0, 0];
      let isOver = false;
      const onProgress: (() => void)[] = [];
      const wake = () => {
        for (const each of onProgress.splice(0)) each();
      };
      const lane = async () => {
        while (!isOver) {
          try {
            const { status } = await ask(MANIFEST);
            if (status !== 302) failures.push(`status ${status}`);
          } catch (error) {
            failures.push(String(error));
          }
          requests++;
          wake();
        }
      };
      const work = scratch();
      putAway(work.remove);
      const puller = async () => {
        const command = ["skopeo", "copy", "--all", "--src-tls-verify=false", `docker://localhost:${port}/demo/hello`];
        while (!isOver) {
          const { code, err } = await run([...command, `dir:${join(work.path, String(pulls))}`]);
          if (code !== 0) failures.push(err);
          pulls++;
          wake();
        }
      };
      /** Until so many requests and a whole pull more have gone well or not. */
      const stretch = async () => {
        const [from, pulled] = [requests, pulls];
        while (requests < from + STRETCH || pulls < pulled + 2) await new Promise<void>((on) => onProgress.push(on));
      };
      /** Until it is asked again. */
      const untilAsked = ({ craned }: Replica) => craned().logged((line) => line.includes(MANIFEST));

      const running = Promise.all([...Array.from({ length: LANES }, lane), puller()]);
      await stretch();
      for (const [replica, signal, code] of [
        [replicas[0], "SIGKILL", 137],
        [replicas[1], "SIGTERM", 0],
        [replicas[1], "SIGKILL", 137],
        [replicas[0], "SIGTERM", 0],
      ] as const) {
        if (replica === undefined) throw new Error("there are two");
        replica.craned().signal(signal);
        expect(await replica.craned().exited).toBe(code);
        await stretch();
        await replica.start();
        await untilAsked(replica);
        await stretch();
      }
      isOver = true;
      await running;
      expect(failures).toEqual([]);
    });
  });
}
