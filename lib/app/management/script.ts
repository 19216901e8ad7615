/**
 * Runs in the browser. Searches while one types, by asking for the same page and taking its list; without it the box
 * is a form like any other.
 */
export const SCRIPT = `
"use strict";
const box = document.getElementById("q");
const list = document.getElementById("list");
const status = document.getElementById("status");
let asked = new AbortController();
let timer = 0;
async function find() {
  asked.abort();
  asked = new AbortController();
  const address = new URL(location.href);
  address.search = box.value.trim() === "" ? "" : "?" + new URLSearchParams({ q: box.value.trim() });
  address.hash = "";
  try {
    const answer = await fetch(address, { signal: asked.signal, headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    list.replaceChildren(...page.getElementById("list").childNodes);
    status.textContent = page.getElementById("status").textContent;
    history.replaceState(null, "", address);
  } catch (error) {
    if (error.name !== "AbortError") status.textContent = "The list could not be had; try again.";
  }
}
box.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(find, 150);
});
`;
