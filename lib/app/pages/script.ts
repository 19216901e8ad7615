/**
 * Runs in the browser. Searches while one types, by asking for the same page and taking its list; without it the box
 * is a form like any other. Copies commands, on plain HTTP too, where a page has no access to the clipboard's own
 * interface.
 */
export const SCRIPT = `
"use strict";
document.documentElement.classList.add("scripted");
const box = document.getElementById("q");
const list = document.getElementById("list");
const status = document.getElementById("status");
let asked = new AbortController();
let timer = 0;
async function find() {
  asked.abort();
  asked = new AbortController();
  const address = new URL(box.form.action);
  for (const [name, value] of new FormData(box.form)) if (value.trim() !== "") address.searchParams.set(name, value.trim());
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
box?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(find, 150);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input")) return;
  if (box === null) return;
  event.preventDefault();
  box.focus();
});
async function copy(text) {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("button.copy");
  if (button === null) return;
  try {
    await copy(button.value);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Failed";
  }
  button.focus();
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});
`;
