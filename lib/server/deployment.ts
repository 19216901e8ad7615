import { version } from "../../package.json" with { type: "json" };
import type { Config } from "../config/config.ts";
import type { Credentials, Deployment, Sender } from "../app/openapi/deployment.ts";

function credentialsOf({ htpasswd, token }: Config["auth"]): Credentials {
  if (token !== undefined) return { kind: "bearer", realm: token.realm, service: token.service };
  return { kind: htpasswd === undefined ? "none" : "basic" };
}

/** @param hasContent whether there are files to serve, by API */
export function deploymentOf(
  { auth, serveContent, gsa, solr, log }: Config,
  hasContent: { readonly v1: boolean; readonly v2: boolean },
): Deployment {
  const isHandedOver = serveContent.useXSendfile || serveContent.xAccelRedirect !== undefined;
  const sender = (has: boolean): Sender => {
    if (!has) return "elsewhere";
    return isHandedOver ? "in front" : "here";
  };
  return {
    version,
    credentials: credentialsOf(auth),
    takesCertificates: auth.clientCertFormat !== undefined,
    files: { v1: sender(hasContent.v1), v2: sender(hasContent.v2) },
    saysRequestIds: log.requestIds,
    searchesElsewhere: gsa.url !== undefined || solr.url !== undefined,
  };
}
