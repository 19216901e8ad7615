/** What kept a request to an S3 server from its answer. */
export class S3Error extends Error {
  override readonly name = "S3Error";
  /** What came instead, to complete "received …": `403: AccessDenied: …`, `no answer (ECONNREFUSED)`. */
  readonly received: string;
  /** Of the answer; undefined when there was none. */
  readonly status: number | undefined;
  /** Whether the same request may do later: nobody answered, or somebody who had no time. */
  readonly passes: boolean;

  constructor(message: string, about: Pick<S3Error, "received" | "status" | "passes">) {
    super(message);
    this.received = about.received;
    this.status = about.status;
    this.passes = about.passes;
  }
}
