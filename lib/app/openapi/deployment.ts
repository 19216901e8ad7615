/** How a client is asked who it is. */
export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "basic" }
  /** @see distribution "Token Authentication Specification" */
  | { readonly kind: "bearer"; readonly realm: string; readonly service: string };

/** Who sends a repository's files to clients: another host, this program, or a server in front of it. */
export type Sender = "elsewhere" | "here" | "in front";

/** What of the configuration makes a difference to clients. */
export interface Deployment {
  /** Of the program. */
  readonly version: string;
  readonly credentials: Credentials;
  /** Whether client certificates say what a client may see. */
  readonly takesCertificates: boolean;
  readonly files: { readonly v1: Sender; readonly v2: Sender };
  /** Whether answers say the id of their request. */
  readonly saysRequestIds: boolean;
  /** Whether another server is asked for what is searched. */
  readonly searchesElsewhere: boolean;
}
