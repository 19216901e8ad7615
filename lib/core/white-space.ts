const AROUND = /^[ \t]+|[ \t]+$/g;

/**
 * Removes the white space that HTTP allows around the parts of a header: spaces and tabs only. `trim` takes a
 * non-breaking space too, which is a character like any other there.
 *
 * @see RFC 9110 section 5.6.3
 */
export const trimmed = (text: string): string => text.replace(AROUND, "");
