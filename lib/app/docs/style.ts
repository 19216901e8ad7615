import { PALETTE } from "../pages/palette.ts";

export const STYLE = `${PALETTE}* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86em; overflow-wrap: anywhere; }
p { margin: 0 0 .75rem; }
small { color: var(--quiet); font-size: .84em; font-weight: 400; }
.quiet { color: var(--quiet); }
.bad { color: var(--bad); }
.skip { position: absolute; left: -100vw; padding: .5rem 1rem; background: var(--card); }
.skip:focus { left: 1rem; top: .5rem; }
.bar { background: var(--card); border-bottom: 1px solid var(--line); }
.bar > div, .frame { max-width: 88rem; margin: 0 auto; padding: 0 1.5rem; }
.bar > div { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 2rem; }
.brand { margin: 0; padding: .75rem 0; display: flex; align-items: center; gap: .6rem; font-weight: 650; letter-spacing: .01em; }
.brand svg { width: 1.6rem; height: 1.6rem; color: var(--accent); }
.bar ul { display: flex; flex-wrap: wrap; gap: .25rem; margin: 0; padding: 0; list-style: none; }
.bar a { display: block; padding: .35rem .8rem; border-radius: 999px; color: var(--quiet); text-decoration: none; }
.bar a:hover { background: var(--accent-ground); color: var(--ink); }
.bar a[aria-current] { background: var(--accent-ground); color: var(--accent); font-weight: 600; }
.frame { display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 2.5rem; padding-top: 1.75rem; padding-bottom: 4rem; }
.contents { position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem); overflow-y: auto; }
.contents h2 { margin: 1.1rem 0 .35rem; color: var(--quiet); font-size: .84rem; font-weight: 620; }
.contents h2:first-child { margin-top: .25rem; }
.contents ul { margin: 0; padding: 0; list-style: none; }
.contents a { display: flex; gap: .6rem; align-items: baseline; padding: .25rem .5rem; border-radius: 8px; color: var(--ink); font-size: .92rem; line-height: 1.35; text-decoration: none; }
.contents a:hover { background: var(--accent-ground); }
.method { flex: none; min-width: 3.1rem; padding: .1rem .4rem; border-radius: 6px; font: 650 .72rem/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; text-align: center; background: var(--accent-ground); color: var(--accent); }
.method.mPOST { background: var(--shut-ground); color: var(--shut); }
.contents .method { min-width: 2.6rem; padding: 0 .25rem; font-size: .66rem; }
h1 { margin: 0 0 .75rem; font-size: 1.75rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
h4 { margin: 0 0 .6rem; font-size: .95rem; font-weight: 620; }
.lead { max-width: 46rem; color: var(--quiet); }
main section > h2 { margin: 2.25rem 0 .15rem; font-size: 1.25rem; font-weight: 630; }
.card { margin: 1.25rem 0 0; padding: 1.1rem 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.card h2 { margin: 0 0 .4rem; font-size: 1.1rem; font-weight: 620; }
.card p:last-child { margin: .25rem 0 0; }
.row { display: flex; flex-wrap: wrap; gap: 0 1rem; }
.row .field { flex: 1 1 14rem; max-width: 24rem; }
.operation { margin: 0 0 .6rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.operation > summary { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .8rem; padding: .75rem 1.1rem; cursor: pointer; list-style: none; border-radius: 12px; }
summary::-webkit-details-marker { display: none; }
.operation > summary:hover { background: var(--accent-ground); }
.operation[open] > summary { border-bottom: 1px solid var(--line); border-radius: 12px 12px 0 0; }
.operation > summary code { font-size: .95rem; }
.operation > summary i { color: var(--accent); font-style: normal; }
.summary { margin-left: auto; color: var(--quiet); font-size: .92rem; }
.inside { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
.about, .try { padding: 1.1rem; min-width: 0; }
.try { border-left: 1px solid var(--line); background: var(--sunk); border-radius: 0 0 12px 0; }
.answers { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.answer + .answer { border-top: 1px solid var(--line); }
.answer > summary { display: flex; gap: .7rem; align-items: baseline; padding: .45rem .7rem; cursor: pointer; list-style: none; font-size: .92rem; }
.answer > summary:hover { background: var(--accent-ground); }
.answer > div { padding: .5rem .7rem .7rem; font-size: .92rem; border-top: 1px dashed var(--line); }
.answer > div > p { margin-bottom: .4rem; }
.what { color: var(--quiet); min-width: 0; overflow-wrap: anywhere; }
.answer:not([open]) .what { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.answer[open] .gist { display: none; }
.what b { color: var(--ink); font-weight: 600; }
.status { flex: none; padding: .05rem .45rem; border-radius: 6px; font: 650 .82rem/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.s2 { background: var(--good-ground); color: var(--good); }
.s3 { background: var(--accent-ground); color: var(--accent); }
.s4 { background: var(--shut-ground); color: var(--shut); }
.s5 { background: var(--bad-ground); color: var(--bad); }
.headers { margin: 0 0 .75rem; font-size: .9rem; }
.headers div { padding: .3rem 0; border-bottom: 1px solid var(--line); }
.headers div:last-child { border-bottom: 0; }
.headers dd { margin: 0; color: var(--quiet); }
.headers dd code { color: var(--ink); }
.type { margin: .5rem 0 .3rem; }
pre { scrollbar-width: thin; margin: 0; padding: .7rem .85rem; max-height: 28rem; overflow: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--ground); white-space: pre-wrap; line-height: 1.5; }
.try pre { background: var(--card); }
.field { margin: 0 0 .8rem; }
.field label { display: block; margin-bottom: .2rem; font-size: .9rem; font-weight: 600; }
.field p { margin: .25rem 0 0; color: var(--quiet); font-size: .84rem; line-height: 1.4; }
input, select { width: 100%; padding: .45rem .65rem; border: 1px solid var(--edge); border-radius: 8px; background: var(--card); color: var(--ink); font: .9rem/1.4 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.card input { background: var(--ground); }
.more { margin: 0 0 .8rem; }
.more > summary { margin-bottom: .5rem; color: var(--accent); cursor: pointer; font-size: .9rem; }
.send { display: flex; gap: .5rem; margin: .8rem 0; }
.send select { width: auto; }
button { padding: .45rem 1.1rem; border: 1px solid var(--accent); border-radius: 8px; background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; cursor: pointer; }
button:disabled { opacity: .6; cursor: default; }
.copy { margin-left: auto; border-color: var(--edge); background: transparent; color: var(--ink); font-weight: 500; }
.told { margin: 0 0 .5rem; font-weight: 600; }
.result[aria-busy="true"] { opacity: .5; }
.result .headers div { display: grid; grid-template-columns: minmax(8rem, 2fr) 3fr; gap: .75rem; }
.curl { white-space: pre; }
.result .body { white-space: pre-wrap; }
@media (max-width: 64rem) {
  .frame { grid-template-columns: minmax(0, 1fr); gap: 1rem; }
  .contents { display: none; }
}
@media (max-width: 52rem) {
  .bar > div, .frame { padding-left: 1rem; padding-right: 1rem; }
  .inside { grid-template-columns: minmax(0, 1fr); }
  .try { border-left: 0; border-top: 1px solid var(--line); border-radius: 0 0 12px 12px; }
  .summary { margin-left: 0; flex-basis: 100%; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
