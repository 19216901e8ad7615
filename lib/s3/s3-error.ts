/** The failure of a request to an S3 server. */
export class S3Error extends Error {
  override readonly name = "S3Error";
  /** Completes "received …", such as `403: AccessDenied: …` or `no answer (ECONNREFUSED)`. */
  readonly received: string;
  /** Status of the answer; undefined when there was none. */
  readonly status: number | undefined;
  /** Whether the same request may succeed later: there was no answer, or the server was busy. */
  readonly passes: boolean;

  constructor(message: string, about: Pick<S3Error, "received" | "status" | "passes">) {
    super(message);
    this.received = about.received;
    this.status = about.status;
    this.passes = about.passes;
  }
}
