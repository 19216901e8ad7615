/** Returns the code of an error of the system or the network, such as ENOENT; undefined for any other error. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** Returns the code of an error, or its text where it has none. */
export const codeOrText = (error: unknown): string => codeOf(error) ?? String(error);

/** Tells whether an error means that nothing is at the path. */
export const isAbsent = (error: unknown): boolean => ["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "");
