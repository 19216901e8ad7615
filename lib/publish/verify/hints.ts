import type { Repository } from "../../core/redirect-file/repository.ts";

/** Patterns of faults with their hints; the first that matches is used. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/received (ECONN|ENOTFOUND|EAI_|Connection|Unable)/i, "is the host up, and can this machine reach it?"],
  [
    /text\/html, a page/,
    "the host answers with a page: a login, or a rule that sends index.html for files that it does not have",
  ],
  [/received 40[13]/, "the host refuses: let clients read these files, or have craned sign their URLs ([cdn] signer)"],
  [/expected no Content-Encoding/, "the host compresses on the way: turn that off for these files"],
  [
    /expected Content-Type/,
    "the host sends manifests as what they are not: craned publish --server-config prints what it needs, or publish version 6, which needs nothing",
  ],
  [
    /received (404|nothing)/,
    "files are missing: publish again, and bring all files to the host before the redirect file",
  ],
  [/expected (\d+ bytes|sha)/, "files are not what they were: remove them from the host and publish again"],
];

/** One thing to do about the faults of a repository. @param blobs how many of its blobs were looked at */
export function hintFor({ url, repository }: Repository, faults: readonly string[], blobs: number): string | undefined {
  const isAllMissing =
    blobs > 0 && faults.length >= blobs && faults.every((fault) => /received (404|nothing)/.test(fault));
  if (isAllMissing)
    return `nothing is there: does ${url} lead to the directory ${repository} of the published content?`;
  return HINTS.find(([pattern]) => faults.some((fault) => pattern.test(fault)))?.[1];
}
