import { createHash } from "node:crypto";

/** A page, as far as its policy goes. */
interface PolicyOptions {
  /** To the letter, as they stand in the page. */
  readonly script: string;
  readonly style: string;
  /** Whether forms may be sent without the script: to this server. */
  readonly sendsForms: boolean;
}

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/**
 * Returns the Content-Security-Policy of a page: its own script and style, requests to this server, nothing else.
 *
 * @see W3C "Content Security Policy Level 3"
 */
export const policyOf = ({ script, style, sendsForms }: PolicyOptions): string =>
  [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "img-src data:",
    "connect-src 'self'",
    `form-action ${sendsForms ? "'self'" : "'none'"}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
