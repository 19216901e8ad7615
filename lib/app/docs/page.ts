import { type OpenApiDocument, type PathItem, type PathOperation, parameterOf } from "../openapi/document.ts";
import { MARK } from "../pages/brand.ts";
import { type Html, html, NOTHING } from "../pages/html.ts";
import { pageText } from "../pages/shell.ts";
import { answers } from "./answers.ts";
import { line, pathText, prose } from "./prose.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";
import { tryForm } from "./trying.ts";

const TITLES: Readonly<Record<string, string>> = { v2: "Version 2", v1: "Version 1", service: "Service" };

/** An operation where it stands; HEAD goes with its GET. */
interface Entry {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly operation: PathOperation;
  readonly item: PathItem;
}

function entriesOf({ paths }: OpenApiDocument): readonly Entry[] {
  return Object.entries(paths).flatMap(([path, item]) => [
    ...(item.get === undefined ? [] : [{ method: "GET", path, operation: item.get, item } as const]),
    ...(item.post === undefined ? [] : [{ method: "POST", path, operation: item.post, item } as const]),
  ]);
}

const badge = (method: string): Html => html`<span class="method m${method}">${method}</span>`;

function section(document: OpenApiDocument, { method, path, operation, item }: Entry): Html {
  const { operationId: id, summary, description, parameters = [] } = operation;
  const known = parameters.map((each) => parameterOf(document, each)).filter((each) => each !== undefined);
  const methods = method === "GET" ? ["GET", "HEAD"] : [method];
  return html`<details class="operation" id="${id}"><summary>${badge(method)}<code>${pathText(path)}</code><span class="summary">${summary}</span></summary>
<div class="inside"><div class="about">${prose(description)}${answers(document, operation, item["x-other-methods"])}</div>
${tryForm({ id, methods, path, parameters: known })}</div></details>`;
}

function sections(document: OpenApiDocument, entries: readonly Entry[]): Html {
  const parts = document.tags.map(({ name, description }) => {
    const own = entries.filter(({ operation: { tags } }) => tags[0] === name);
    return html`<section aria-labelledby="tag-${name}"><h2 id="tag-${name}">${TITLES[name] ?? name}</h2><p class="quiet">${line(description)}</p>
${own.map((each) => section(document, each))}</section>`;
  });
  return html`${parts}`;
}

function contents({ tags }: OpenApiDocument, entries: readonly Entry[]): Html {
  const lists = tags.map(({ name }) => {
    const own = entries.filter(({ operation }) => operation.tags[0] === name);
    const items = own.map(
      ({ method, operation: { operationId, summary } }) =>
        html`<li><a href="#${operationId}">${badge(method)}<span>${summary}</span></a></li>`,
    );
    return html`<h2>${TITLES[name] ?? name}</h2><ul>${items}</ul>`;
  });
  return html`<nav class="contents" aria-label="Contents">${lists}</nav>`;
}

const input = (name: string, label: string, type: string): Html =>
  html`<div class="field"><label for="${name}">${label}</label><input id="${name}" name="${name}" type="${type}" autocomplete="off" autocapitalize="none" spellcheck="false"></div>`;

/** Who to be, where the registry asks. It is kept in the page and goes nowhere but here. */
function credentials({ components: { securitySchemes } }: OpenApiDocument): Html {
  const inputs = Object.entries(securitySchemes).map(([name, { description }]) => {
    const about = html`<p>${line(String(description))}</p>`;
    if (name === "password") {
      return html`${about}<div class="row">${input("user", "User", "text")}${input("password", "Password", "password")}</div>`;
    }
    return name === "token" ? html`${about}<div class="row">${input("token", "Token", "password")}</div>` : about;
  });
  if (inputs.length === 0) return NOTHING;
  return html`<form id="credentials" class="card"><h2>Who you are</h2>${inputs}<p class="quiet">What you enter stays in this page, and is sent to this server only.</p></form>`;
}

/** Makes the page out of the document. It is whole without its script, but for trying things out. */
export function renderDocs(document: OpenApiDocument): string {
  const entries = entriesOf(document);
  const { title, version, summary, description } = document.info;
  return pageText({
    title: `API – ${title}`,
    style: STYLE,
    script: SCRIPT,
    skip: { to: "#main", text: "Skip to the routes" },
    body: html`<header class="bar"><div><p class="brand">${MARK}${title} <small>${version}</small></p>
<nav aria-label="Pages"><ul><li><a href="/docs" aria-current="page">API</a></li><li><a href="/crane/repositories">Repositories</a></li><li><a href="/openapi.json">openapi.json</a></li></ul></nav></div></header>
<div class="frame">${contents(document, entries)}
<main id="main"><h1>${summary}</h1><div class="lead">${prose(description)}</div>
${credentials(document)}${sections(document, entries)}</main></div>`,
  });
}
