import type { Authentication, Authenticator, Wanted } from "../auth/authenticator.ts";
import type { CertificateClients } from "../auth/certificates/clients.ts";
import { type Entitlements, NO_ENTITLEMENTS } from "../auth/certificates/entitlements.ts";
import type { Repository } from "../core/redirect-file/repository.ts";
import { tooManyRequests, unauthorized } from "./errors.ts";
import { type Admission, type Admit, type Asker, seesOnlyPublic, type View } from "./registry.ts";
import type { Target } from "./target.ts";

interface AdmitOptions {
  readonly publicView: () => View;
  /** Undefined where nobody is asked for a password or a token. */
  readonly authenticate: Authenticator["authenticate"] | undefined;
  /** Undefined where certificates say nothing. */
  readonly certificateClients: CertificateClients | undefined;
}

function wantedOf({ route, name }: Target): Wanted {
  if (route === "v2.base") return { kind: "base" };
  if (route === "v2.catalog") return { kind: "catalog" };
  return route.startsWith("v2.") ? { kind: "repository", name } : { kind: "v1" };
}

const OPEN: Authentication = { outcome: "open" };

/** What a client sees with what it has shown. @param mayPull by its token; all, if undefined */
export function viewOf(view: View, entitlements: Entitlements, mayPull?: (name: string) => boolean): View {
  if (entitlements === NO_ENTITLEMENTS && mayPull === undefined) return view;
  const maySee = (repository: Repository): boolean => {
    if (mayPull?.(repository.name) === false) return false;
    return seesOnlyPublic(repository) || entitlements.entitles(new URL(repository.url).pathname);
  };
  return { ...view, maySee, isPrivate: true };
}

/** Makes the door of the registry's routes; undefined where all are let in and all see the same. */
export function createAdmit({ publicView, authenticate, certificateClients }: AdmitOptions): Admit | undefined {
  if (authenticate === undefined && certificateClients === undefined) return undefined;

  const decide = (authentication: Authentication, { header, peer, target }: Asker): Admission => {
    switch (authentication.outcome) {
      case "challenge":
        return { isAdmitted: false, answer: unauthorized(target.route, authentication.header) };
      case "busy":
        return { isAdmitted: false, answer: tooManyRequests(target.route, authentication.retryAfter) };
      case "open":
      case "allowed": {
        const entitlements = certificateClients?.(header, peer) ?? NO_ENTITLEMENTS;
        const mayPull = authentication.outcome === "allowed" ? authentication.mayPull : undefined;
        return { isAdmitted: true, view: viewOf(publicView(), entitlements, mayPull) };
      }
    }
  };

  return (asker) => {
    const authentication = authenticate?.(asker.header("authorization"), wantedOf(asker.target)) ?? OPEN;
    return authentication instanceof Promise
      ? authentication.then((each) => decide(each, asker))
      : decide(authentication, asker);
  };
}
