import type { Allowed, Authentication, Authenticator, RequestedAccess } from "../../auth/authenticator.ts";
import type { CertificateClients } from "../../auth/certificates/clients.ts";
import { type Entitlements, NO_ENTITLEMENTS } from "../../auth/certificates/entitlements.ts";
import type { HeaderGetter } from "../../auth/certificates/headers.ts";
import type { Repository } from "../../core/redirect-file/repository.ts";
import type { Answer } from "../answer.ts";
import { tooManyRequests, unauthorized } from "../errors.ts";
import { isPublic, type View } from "../view.ts";

/** A request, as far as its client has to be known. */
export interface Asker {
  readonly header: HeaderGetter;
  /** Address at the other end of the connection. */
  readonly peer: string;
  readonly path: string;
  readonly wanted: RequestedAccess;
}

/** The view of a client that is admitted, or the answer to one that is not. */
export type Admission =
  | ({ readonly isAdmitted: true; readonly view: View } & Pick<Allowed, "user" | "v1Token">)
  | { readonly isAdmitted: false; readonly answer: Answer };

export type Admit = (asker: Asker) => Admission | Promise<Admission>;

interface AdmitOptions {
  readonly publicView: () => View;
  /** Undefined where no password or token is asked for. */
  readonly authenticate: Authenticator["authenticate"] | undefined;
  /** Undefined where client certificates are not read. */
  readonly certificateClients: CertificateClients | undefined;
}

const OPEN: Authentication = { outcome: "open" };

/** Returns what a client sees with what it has shown. @param mayPull by its token; everything, if undefined */
export function viewOf(view: View, entitlements: Entitlements, mayPull?: (name: string) => boolean): View {
  if (entitlements === NO_ENTITLEMENTS && mayPull === undefined) return view;
  const maySee = (repository: Repository): boolean => {
    if (mayPull?.(repository.name) === false) return false;
    return isPublic(repository) || entitlements.entitles(new URL(repository.url).pathname);
  };
  return { ...view, maySee };
}

/** Makes the check of every request to `/v1` and `/v2`; undefined where all are admitted and all see the same. */
export function createAdmit({ publicView, authenticate, certificateClients }: AdmitOptions): Admit | undefined {
  if (authenticate === undefined && certificateClients === undefined) return undefined;

  const entitlementsOf = (header: HeaderGetter, peer: string) => certificateClients?.(header, peer) ?? NO_ENTITLEMENTS;

  const decide = (authentication: Authentication, { header, peer, path }: Asker): Admission => {
    switch (authentication.outcome) {
      case "challenge":
        return { isAdmitted: false, answer: unauthorized(path, authentication.header) };
      case "busy":
        return { isAdmitted: false, answer: tooManyRequests(path, authentication.retryAfter) };
      case "open":
        return { isAdmitted: true, view: viewOf(publicView(), entitlementsOf(header, peer)) };
      case "allowed": {
        const { mayPull, outcome: _, ...rest } = authentication;
        return { isAdmitted: true, view: viewOf(publicView(), entitlementsOf(header, peer), mayPull), ...rest };
      }
    }
  };

  return (asker) => {
    const authentication = authenticate?.(asker.header("authorization"), asker.wanted) ?? OPEN;
    return authentication instanceof Promise
      ? authentication.then((each) => decide(each, asker))
      : decide(authentication, asker);
  };
}
