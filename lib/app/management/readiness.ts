/** The state of the data directory, as probes see it. */
export interface Readiness {
  readonly isLoaded: boolean;
  readonly repositories: number;
  /** Files and directories with faults. */
  readonly faults: number;
}

/**
 * Tells whether to send traffic: the data directory has been read, and not everything in it is faulty. An empty
 * directory is ready, and so is a last good state.
 */
export const isReady = ({ isLoaded, repositories, faults }: Readiness): boolean =>
  isLoaded && (repositories > 0 || faults === 0);

function statusOf(readiness: Readiness): "ready" | "loading" | "broken" {
  if (isReady(readiness)) return "ready";
  return readiness.isLoaded ? "broken" : "loading";
}

/** Headers of answers that are not to be kept, nor guessed at. */
export const OF_THE_MOMENT = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };

/** Answers the readiness probe. */
export function readinessResponse(readiness: Readiness): Response {
  const { repositories, faults } = readiness;
  return Response.json(
    { status: statusOf(readiness), repositories, faults, ...(repositories === 0 && { message: "no repositories" }) },
    { status: isReady(readiness) ? 200 : 503, headers: OF_THE_MOMENT },
  );
}
