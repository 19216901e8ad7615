/** The quick start's site of nginx serves blobs and leads to craned. */
import { expect, test } from "bun:test";
import { scratchCertificates } from "../harness/certificates.ts";
import { scratch, serveDirectory } from "../harness/craned.ts";
import { freePort, startNginxWith } from "../harness/nginx.ts";
import { leftovers, whereIs } from "../harness/programs.ts";
import { textOf } from "./commands.ts";

const putAway = leftovers();

test.skipIf(["nginx", "openssl"].some((program) => whereIs(program) === undefined))(
  "nginx, as the quick start has it",
  async () => {
    const certificates = scratchCertificates();
    putAway(certificates.close);
    const server = certificates.make({ name: "localhost", extensions: ["subjectAltName=DNS:localhost"] });
    const files = scratch({ "srv/images/app/blob": "the bytes", "metadata/none.txt": "" });
    putAway(files.remove);
    const craned = await serveDirectory(`${files.path}/metadata`);
    putAway(craned.stop);
    const port = freePort();
    const [, site = ""] = /```nginx\n(.*?)```/s.exec(textOf("docs/quick-start.md")) ?? [];
    const nginx = await startNginxWith(
      site
        .replace("listen 443", `listen 127.0.0.1:${port}`)
        .replace("/etc/craned/tls/server.pem", server.certificatePath)
        .replace("/etc/craned/tls/server.key", server.keyPath)
        .replace("root /srv", `root ${files.path}/srv`)
        .replace("127.0.0.1:5000", `127.0.0.1:${craned.port}`),
    );
    putAway(nginx.stop);
    const get = (path: string) => fetch(`https://localhost:${port}${path}`, { tls: { ca: server.pem } });
    expect(await (await get("/images/app/blob")).text()).toBe("the bytes");
    const registry = await get("/v2/");
    expect([registry.status, registry.headers.get("docker-distribution-api-version")]).toEqual([200, "registry/2.0"]);
  },
);
