/**
 * Runs in the browser: makes requests out of the forms, to this server only, and shows the answers.
 *
 * A browser does not say where a redirect leads. To another host it is not followed at all, so there only curl can
 * tell; here it is, and the place that it came to is shown.
 */
export const SCRIPT = String.raw`
"use strict";
const one = (selector, within = document) => within.querySelector(selector);

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

function credential(name) {
  return one("#credentials [name=" + name + "]")?.value ?? "";
}

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

function authorization() {
  if (credential("token") !== "") return "Bearer " + credential("token");
  return credential("user") === "" ? undefined : "Basic " + base64(credential("user") + ":" + credential("password"));
}

const encode = (value, keptPattern) => encodeURIComponent(value).replace(keptPattern, decodeURIComponent);

function requestOf(form) {
  let path = form.dataset.path;
  const query = [];
  const headers = [];
  for (const { name, value, dataset } of form.querySelectorAll("[data-in]")) {
    if (dataset.in === "path") {
      path = path.replace("{" + name + "}", encode(value, "slashes" in dataset ? /%2F/g : /%3A|%2B/g));
    } else if (value !== "" && dataset.in === "query") {
      query.push(encodeURIComponent(name) + "=" + encodeURIComponent(value));
    } else if (value !== "") headers.push([name, value]);
  }
  const search = query.length === 0 ? "" : "?" + query.join("&");
  return { method: form.elements.method.value, url: location.origin + path + search, headers };
}

const quote = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

function curlOf({ method, url, headers }) {
  const words = ["curl", method === "HEAD" ? "-I" : "-i"];
  if (method === "POST") words.push("-X POST");
  if (credential("token") !== "") words.push("-H 'Authorization: Bearer …'");
  else if (credential("user") !== "") words.push("-u " + quote(credential("user")));
  for (const [name, value] of headers) words.push("-H " + quote(name + ": " + value));
  return [...words, quote(url)].join(" ");
}

async function ask({ method, url, headers }) {
  const own = authorization();
  const all = own === undefined ? headers : [...headers, ["Authorization", own]];
  const options = { method, headers: all, credentials: "omit", cache: "no-store", redirect: "manual" };
  const answer = await fetch(url, options);
  if (answer.type !== "opaqueredirect") return { answer };
  try {
    return { redirected: true, answer: await fetch(url, { ...options, redirect: "follow", mode: "same-origin" }) };
  } catch {
    return { redirected: true };
  }
}

async function bodyOf(answer) {
  const type = answer.headers.get("Content-Type") ?? "";
  if (!/json|prettyjws|^text\//.test(type)) return (await answer.blob()).size.toLocaleString("en") + " bytes";
  const text = await answer.text();
  try {
    return JSON.stringify(JSON.parse(text), null, 2).slice(0, 100000);
  } catch {
    return text.slice(0, 100000);
  }
}

const statusLine = (status, text) =>
  make("p", "told", make("span", "status s" + String(status).slice(0, 1), String(status)), " " + text);

function headerList(pairs) {
  return make("dl", "headers", ...pairs.map(([name, value]) =>
    make("div", "", make("dt", "", make("code", "", name)), make("dd", "", make("code", "", value)))));
}

async function shown(request, { answer, redirected = false }) {
  const parts = [];
  if (redirected && answer === undefined) {
    parts.push(statusLine(302, "Found"), make("p", "", "The client is sent to another host, which this page may not "
      + "ask, and a browser does not say which it is. The curl line shows it in the Location header."));
    return parts;
  }
  if (redirected) parts.push(statusLine(302, "Found"), headerList([["location", answer.url]]), make("p", "", "And there:"));
  parts.push(statusLine(answer.status, answer.statusText), headerList([...answer.headers]));
  const text = request.method === "HEAD" ? "" : await bodyOf(answer);
  if (text !== "") {
    const body = make("pre", "body", text);
    body.tabIndex = 0;
    parts.push(body);
  }
  return parts;
}

async function send(form) {
  const result = one(".result", form);
  const button = one("button", form);
  const request = requestOf(form);
  button.disabled = true;
  result.setAttribute("aria-busy", "true");
  try {
    result.replaceChildren(...(await shown(request, await ask(request))));
  } catch (error) {
    result.replaceChildren(make("p", "bad", "No answer: " + error.message));
  }
  result.setAttribute("aria-busy", "false");
  button.disabled = false;
}

const forms = [...document.querySelectorAll("form.try")];
const tellCurl = (form) => { one(".curl", form).textContent = curlOf(requestOf(form)); };

for (const form of forms) {
  tellCurl(form);
  form.addEventListener("input", () => tellCurl(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
  one(".copy", form).addEventListener("click", async ({ currentTarget }) => {
    await navigator.clipboard?.writeText(curlOf(requestOf(form)));
    currentTarget.textContent = "Copied";
    setTimeout(() => { currentTarget.textContent = "Copy curl"; }, 1500);
  });
}
one("#credentials")?.addEventListener("input", () => forms.forEach(tellCurl));
one("#credentials")?.addEventListener("submit", (event) => event.preventDefault());

function openNamed() {
  const named = document.getElementById(location.hash.slice(1));
  if (named?.matches("details")) named.open = true;
  named?.scrollIntoView();
}
addEventListener("hashchange", openNamed);
if (location.hash !== "") openNamed();
`;
