/** Makes the address of a file below a repository's url: what a redirect's Location says. */
export type Locate = (url: string, path: string) => string;

/** The file where the publisher put it. */
export const locatePlainly: Locate = (url, path) => url + path;
