import { BAR_STYLE } from "./bar.ts";
import { PALETTE } from "./palette.ts";

export const STYLE = `${PALETTE}${BAR_STYLE}* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
code, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86em; overflow-wrap: anywhere; }
.skip { position: absolute; left: -100vw; padding: .5rem 1rem; background: var(--card); }
.skip:focus { left: 1rem; top: .5rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
main { max-width: 76rem; margin: 0 auto; padding: 1.75rem 1.5rem 3rem; }
h1 { margin: 0 0 1rem; font-size: 1.6rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
h2 { margin: 0; font-size: 1.1rem; font-weight: 620; }
.facts { display: flex; flex-wrap: wrap; gap: 1px; margin: 0 0 1.5rem; background: var(--line); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.facts div { flex: 1 1 11rem; padding: .9rem 1.1rem; background: var(--card); }
.facts dt { color: var(--quiet); font-size: .84rem; }
.facts dd { margin: .1rem 0 0; font-size: 1.15rem; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.facts small { display: block; color: var(--quiet); font-size: .84rem; font-weight: 400; }
.facts .bad { color: var(--bad); }
.card { margin: 0 0 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.card > h2, .card > details > summary { padding: .9rem 1.1rem; }
.card > .note { margin: 0; padding: 0 1.1rem .9rem; color: var(--quiet); }
.problems > details > summary { cursor: pointer; }
.faults > details > summary { background: var(--bad-ground); color: var(--bad); }
.conflicts > details > summary, .warnings > details > summary { background: var(--shut-ground); color: var(--shut); }
.problems > details > summary h2 { display: inline; }
.problems td, .problems th { border-top: 1px solid var(--line); }
.problems td:has(code) { min-width: 8rem; }
.problems .note { padding-top: .9rem; }
.find { display: flex; flex-wrap: wrap; align-items: end; gap: .75rem 1.25rem; padding: 1.1rem; }
.find form { flex: 1 1 22rem; min-width: 0; }
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
.notice { margin: 0 0 1.25rem; padding: .7rem 1.1rem; border-radius: 12px; background: var(--accent-ground); white-space: pre-line; overflow-wrap: anywhere; }
.hero { display: flex; flex-wrap: wrap; align-items: baseline; gap: .4rem .75rem; margin: 0 0 1rem; }
.hero h1 { margin: 0; overflow-wrap: anywhere; }
.hero p { margin: 0; }
.lead { margin: -.25rem 0 1.25rem; max-width: 52rem; color: var(--quiet); overflow-wrap: anywhere; }
.trail ol { display: flex; flex-wrap: wrap; margin: 0 0 .75rem; padding: 0; list-style: none; font-size: .9rem; }
.trail li { overflow-wrap: anywhere; min-width: 0; }
.trail li + li::before { content: "/"; padding: 0 .5rem; color: var(--quiet); }
.trail a { display: inline; padding: 0; color: var(--accent); border-radius: 2px; }
.trail a:hover { background: none; text-decoration: underline; }
.trail [aria-current] { color: var(--quiet); }
.plain, .accent { background: var(--sunk); color: var(--quiet); box-shadow: inset 0 0 0 1px var(--line); }
.accent { background: var(--accent-ground); color: var(--accent); box-shadow: none; }
.rows { margin: 0; padding: 0; list-style: none; }
.rows > li { padding: .85rem 1.1rem; border-top: 1px solid var(--line); }
.rows > li:hover { background: var(--sunk); }
.rows .title { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .6rem; min-width: 0; }
.rows .title a { font-weight: 600; font-size: 1.05rem; text-decoration: none; overflow-wrap: anywhere; }
.rows .title a:hover { text-decoration: underline; }
.rows p { margin: .15rem 0 0; max-width: 60rem; overflow-wrap: anywhere; }
.facets { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .5rem; margin-top: .4rem; font-size: .88rem; }
.facets .quiet:not(:first-child) { margin-left: .2rem; }
.rows > .tag { display: grid; grid-template-columns: minmax(8rem, 15rem) 1fr auto auto; align-items: center; gap: .25rem 1.25rem; padding-block: .65rem; }
.tag .facets { margin: 0; }
.tag .aside { display: grid; grid-template-columns: 9rem 7rem 6.5rem; gap: .25rem 1rem; align-items: center; color: var(--quiet); font-size: .9rem; font-variant-numeric: tabular-nums; }
.tag .aside > :first-child { text-align: right; }
.orders { padding: 0 1.1rem .75rem; font-size: .9rem; }
.copy { display: none; padding: .2rem .7rem; border: 1px solid var(--line); border-radius: 8px; background: var(--card); color: var(--accent); font: inherit; font-size: .84rem; font-weight: 600; cursor: pointer; min-width: 4.4rem; }
.scripted .copy { display: inline-block; }
.copy:hover { border-color: var(--edge); }
.commands { margin: 0; padding: 0 1.1rem .9rem; }
.commands > div { display: grid; grid-template-columns: 7rem minmax(0, 1fr); align-items: center; padding: .25rem 0; }
.commands dt { color: var(--quiet); font-size: .9rem; }
.commands dd { display: flex; align-items: center; gap: .6rem; margin: 0; padding: .4rem .5rem .4rem .8rem; border: 1px solid var(--line); border-radius: 8px; background: var(--sunk); }
.commands code { flex: 1; }
.wide + .commands { padding-top: .75rem; border-top: 1px solid var(--line); }
.more { border-top: 1px solid var(--line); }
.more summary { padding: .75rem 1.1rem; cursor: pointer; color: var(--quiet); font-size: .92rem; }
.facts .broad { flex-basis: 100%; }
.facts .mono { font-size: .95rem; font-weight: 500; }
.facts .mono .copy { margin-left: .4rem; }
.facts dd span:not(.badge) { display: block; font-size: .95rem; }
.pairs { margin: 0; padding: 0 1.1rem .9rem; }
.pairs > div { display: grid; grid-template-columns: minmax(9rem, 16rem) minmax(0, 1fr); gap: 0 1.25rem; padding: .4rem 0; border-top: 1px solid var(--line); }
.pairs dt { color: var(--quiet); overflow-wrap: anywhere; }
.pairs dd { margin: 0; overflow-wrap: anywhere; }
.lines { white-space: pre-line; }
.step { font-weight: 400; }
#layer-table th:first-child { width: 1%; }
.spaces { columns: 11rem auto; column-gap: 1.5rem; margin: 0; padding: 0 1.1rem .9rem; list-style: none; font-size: .95rem; }
.spaces li { break-inside: avoid; padding: .1rem 0; overflow-wrap: anywhere; }
.short { white-space: nowrap; }
.wide thead th.number, .wide td.number { white-space: nowrap; }
@media (max-width: 60rem) { .rows > .tag { grid-template-columns: 1fr auto; } .tag .facets, .tag .aside { grid-column: 1 / -1; } .tag .aside { display: flex; flex-wrap: wrap; } .tag .aside :empty { display: none; } .tag .copy { grid-area: 1 / 2; } }
@media (max-width: 40rem) { .wide table { min-width: 38rem; } .wide tbody th { min-width: 9rem; } .commands > div, .pairs > div { grid-template-columns: minmax(0, 1fr); } .commands dt { padding-bottom: .15rem; } .facts div { flex-basis: 8.5rem; } main { padding-inline: 1rem; } tbody th, td, thead th { padding-inline: .8rem; } }
@media (forced-colors: active) { .badge { border: 1px solid; } }
`;
