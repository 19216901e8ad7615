import { PALETTE } from "../pages/palette.ts";

export const STYLE = `${PALETTE}* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
code, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86em; overflow-wrap: anywhere; }
.skip { position: absolute; left: -100vw; padding: .5rem 1rem; background: var(--card); }
.skip:focus { left: 1rem; top: .5rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.bar { background: var(--card); border-bottom: 1px solid var(--line); }
.bar > div, main { max-width: 76rem; margin: 0 auto; padding: 0 1.5rem; }
.bar > div { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 2rem; }
.brand { margin: 0; padding: .75rem 0; display: flex; align-items: center; gap: .6rem; font-weight: 650; letter-spacing: .01em; }
.brand svg { width: 1.6rem; height: 1.6rem; color: var(--accent); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem; margin: 0; padding: 0; list-style: none; }
nav a, nav .here { display: block; padding: .35rem .8rem; border-radius: 999px; color: var(--quiet); text-decoration: none; }
nav a:hover { background: var(--accent-ground); color: var(--ink); }
nav a[aria-current] { background: var(--accent-ground); color: var(--accent); font-weight: 600; }
main { padding-top: 1.75rem; padding-bottom: 3rem; }
h1 { margin: 0 0 1rem; font-size: 1.6rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
h2 { margin: 0; font-size: 1.1rem; font-weight: 620; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1px; margin: 0 0 1.5rem; background: var(--line); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.facts div { padding: .9rem 1.1rem; background: var(--card); }
.facts dt { color: var(--quiet); font-size: .84rem; }
.facts dd { margin: .1rem 0 0; font-size: 1.15rem; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.facts small { display: block; color: var(--quiet); font-size: .84rem; font-weight: 400; }
.facts .bad { color: var(--bad); }
.card { margin: 0 0 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.card > h2, .card > details > summary { padding: .9rem 1.1rem; }
.card > .note { margin: 0; padding: 0 1.1rem .9rem; color: var(--quiet); }
.problems > details > summary { cursor: pointer; }
.faults > details > summary { background: var(--bad-ground); color: var(--bad); }
.conflicts > details > summary { background: var(--shut-ground); color: var(--shut); }
.problems > details > summary h2 { display: inline; }
.problems td, .problems th { border-top: 1px solid var(--line); }
.problems .note { padding-top: .9rem; }
.find { display: flex; flex-wrap: wrap; align-items: end; gap: .75rem 1.25rem; padding: 1.1rem; }
.find form { flex: 1 1 22rem; }
.find label { display: block; margin-bottom: .3rem; font-size: .9rem; font-weight: 600; }
.find .box { display: flex; gap: .5rem; max-width: 34rem; }
.find input { flex: 1; min-width: 0; padding: .5rem .75rem; border: 1px solid var(--edge); border-radius: 8px; background: var(--ground); color: var(--ink); font: inherit; }
.find button { padding: .5rem 1.1rem; border: 0; border-radius: 8px; background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; cursor: pointer; }
.find p { margin: 0; padding: .5rem 0; color: var(--quiet); font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .95rem; }
thead th { padding: .5rem 1.1rem; border-block: 1px solid var(--line); background: var(--ground); color: var(--quiet); font-size: .82rem; font-weight: 600; text-align: left; white-space: nowrap; }
tbody th, td { padding: .6rem 1.1rem; text-align: left; vertical-align: top; }
tbody th { font-weight: 600; min-width: 14rem; overflow-wrap: anywhere; }
#list tbody th { width: 26%; max-width: 22rem; }
#list td:has(code) { min-width: 12rem; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
thead th.number { text-align: right; }
td .quiet, .quiet { color: var(--quiet); }
.badge { display: inline-block; padding: .05rem .6rem; border-radius: 999px; font-size: .82rem; font-weight: 600; white-space: nowrap; }
.public { background: var(--good-ground); color: var(--good); }
.protected { background: var(--shut-ground); color: var(--shut); }
tbody .aside { font-weight: 400; font-size: .88rem; color: var(--quiet); }
tbody details { margin-top: .15rem; font-weight: 400; font-size: .88rem; }
tbody summary { cursor: pointer; color: var(--quiet); width: fit-content; }
tbody details ul { margin: .35rem 0 .25rem; padding: 0; list-style: none; columns: 11rem auto; column-gap: 1.5rem; }
tbody details ul.pairs { columns: auto; }
tbody details li { break-inside: avoid; padding: .1rem 0; }
.empty { padding: 2rem 1.1rem; margin: 0; text-align: center; color: var(--quiet); border-top: 1px solid var(--line); }
.pages { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: .5rem 1rem; padding: .7rem 1.1rem; border-top: 1px solid var(--line); }
.pages ul { gap: .5rem; }
.pages a, .pages .here { border: 1px solid var(--line); border-radius: 8px; color: var(--accent); }
.pages .here { color: var(--quiet); border-style: dashed; }
@media (max-width: 40rem) { .bar > div, main { padding-inline: 1rem; } tbody th, td, thead th { padding-inline: .8rem; } }
@media (forced-colors: active) { .badge { border: 1px solid; } }
`;
