/** The frame of all pages for clients of the registry. */
import type { Reference } from "../../../core/reference.ts";
import type { View } from "../../view.ts";
import type { NavigationLink } from "../bar.ts";
import { type Html, html } from "../html.ts";
import { addressOf } from "../list.ts";
import { pageText } from "../shell.ts";
import { type RegistryHost, referenceText } from "./commands.ts";

/** `[pages]`, and what else browsers find on the same listener. */
export interface Site {
  readonly title: string;
  /** Empty for none. */
  readonly notice: string;
  /** Links to other pages, relative to `/`. */
  readonly links: readonly NavigationLink[];
}

/** One request for a page. */
export interface PageRequest {
  readonly view: View;
  readonly site: Site;
  readonly registry: RegistryHost;
  /** The way to `/`: links are relative, so that they hold behind a proxy that adds a prefix. */
  readonly root: string;
}

/** The way from a page to `/`. @param path of the page */
export const rootOf = (path: string): string => "../".repeat(path.split("/").length - 2) || "./";

/** Address of a repository's page. Names, tags and digests have no character that a path would have to encode. */
export const repositoryAddress = ({ root }: PageRequest, name: string): string => `${root}r/${name}`;

/** Address of the list of a namespace. */
export const namespaceAddress = ({ root }: PageRequest, namespace: string, search = ""): string =>
  addressOf(root, { in: namespace, q: search });

/** Address of a manifest's page. */
export const manifestAddress = ({ root }: PageRequest, name: string, reference: Reference): string =>
  `${root}r/${referenceText(name, reference)}`;

/** The way to a page. @param name of a repository or a namespace @param last a page below it */
export function breadcrumb(asked: PageRequest, name: string, last?: Html): Html {
  const link = (href: string, text: string): Html => html`<li><a href="${href}">${text}</a></li>`;
  const current = (text: string | Html): Html => html`<li aria-current="page">${text}</li>`;
  const parts = name.split("/");
  const own = parts.pop() ?? "";
  const above = parts.map((part, at) => link(namespaceAddress(asked, parts.slice(0, at + 1).join("/")), part));
  const here = last === undefined ? current(own) : html`${link(repositoryAddress(asked, name), own)}${current(last)}`;
  return html`<nav class="trail" aria-label="Breadcrumb"><ol>${link(asked.root, "Repositories")}${above}${here}</ol></nav>`;
}

/** A page in the frame of all. */
export function framed({ site, root }: PageRequest, title: string, skipTo: string, body: Html): string {
  const { notice } = site;
  return pageText({
    title: title === site.title ? title : `${title} – ${site.title}`,
    brand: site.title,
    home: root,
    navigation: [
      { href: root, text: "Repositories" },
      ...site.links.map(({ href, text }) => ({ href: root + href, text })),
    ],
    current: root,
    skipTo,
    body: html`${notice === "" ? undefined : html`<p class="notice">${notice}</p>`}${body}`,
  });
}
