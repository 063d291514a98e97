/** Light and dark, large targets, states told by shape and word as well as by colour. */
export const style = `
:root { color-scheme: light dark; --ink: #1b2026; --quiet: #5a6672; --paper: #fff; --card: #f4f5f7; --line: #d9dee4; --no: #b3261e; --yes: #1b6e3c; --mark: #0b57d0 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --quiet: #a3aeb9; --paper: #131619; --card: #1d2126; --line: #343b43; --no: #ff8a80; --yes: #7bd99b; --mark: #8ab4f8 } }
* { box-sizing: border-box }
html { scroll-padding-top: 8.5rem }
body { margin: 0; color: var(--ink); background: var(--paper); font: 15px/1.5 system-ui, sans-serif }
header, main, footer { max-width: 1400px; margin: 0 auto; padding: 0 1.5rem }
header { padding-top: 2rem }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .4rem; letter-spacing: -.01em }
header p { max-width: 78ch; margin: .25rem 0; color: var(--quiet) }
kbd { font: 600 .78rem/1 ui-monospace, monospace; padding: .15rem .38rem; border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 5px; background: var(--card); color: var(--ink) }
.bar { position: sticky; top: 0; z-index: 2; background: var(--paper); border-bottom: 1px solid var(--line); margin: 1.25rem 0 1.5rem }
.bar > div { max-width: 1400px; margin: 0 auto; padding: .7rem 1.5rem; display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center }
.counts { font-variant-numeric: tabular-nums; margin-right: auto; font-weight: 600 }
button.act { font: inherit; font-weight: 600; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .42rem .9rem; cursor: pointer }
button.act.main { background: var(--mark); border-color: var(--mark); color: var(--paper) }
button.act:disabled { opacity: .5; cursor: default }
label { display: inline-flex; gap: .4rem; align-items: center }
nav { display: flex; flex-wrap: wrap; gap: .4rem; margin-bottom: 1.5rem }
nav a { color: var(--ink); text-decoration: none; border: 1px solid var(--line); border-radius: 999px; padding: .15rem .7rem; font-size: .88rem }
nav a:hover { border-color: var(--mark) }
nav a small { color: var(--quiet); font-variant-numeric: tabular-nums }
section { margin-bottom: 2.25rem }
h2 { font-size: 1.15rem; margin: 0; overflow-wrap: anywhere }
.line { display: flex; flex-wrap: wrap; gap: .2rem 1rem; align-items: baseline; margin-bottom: .7rem }
.line p { margin: 0; color: var(--quiet); font-size: .9rem; font-variant-numeric: tabular-nums }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: .75rem; list-style: none; margin: 0; padding: 0 }
.tile { position: relative; display: block; width: 100%; padding: 0; font: inherit; text-align: left; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; cursor: pointer }
.tile img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: repeating-conic-gradient(rgb(128 128 128 / .12) 0 25%, transparent 0 50%) 0 / 16px 16px }
.tile .note { display: flex; justify-content: space-between; gap: .5rem; padding: .3rem .6rem; font-size: .8rem; color: var(--quiet); font-variant-numeric: tabular-nums }
.tile .note b { font-weight: 600; color: var(--ink); overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.tile .badge { position: absolute; top: .5rem; left: .5rem; padding: .1rem .55rem; border-radius: 999px; font-size: .78rem; font-weight: 700; color: var(--paper); display: none }
.tile[data-state=reject] { border-color: var(--no); box-shadow: 0 0 0 2px var(--no) }
.tile[data-state=reject] img { opacity: .28; filter: grayscale(1) }
.tile[data-state=reject] .badge { display: block; background: var(--no) }
.tile[data-state=accept] { border-color: var(--yes); box-shadow: 0 0 0 2px var(--yes) }
.tile[data-state=accept] .badge { display: block; background: var(--yes) }
.tile:focus-visible, a:focus-visible, button.act:focus-visible, input:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px }
body.hide .tile[data-state=reject] { display: none }
.empty { border: 1px dashed var(--line); border-radius: 12px; padding: 1rem 1.2rem; color: var(--quiet) }
footer { color: var(--quiet); font-size: .85rem; padding-top: .75rem; padding-bottom: 2.5rem; border-top: 1px solid var(--line) }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
@media (prefers-reduced-motion: no-preference) { .tile { transition: box-shadow .1s } }
`
