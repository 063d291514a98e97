/** One picture in the row of an image, inlined as a data URI. */
export interface Panel {
  caption: string
  src: string
}

export interface LegendEntry {
  name: string
  /** Red, green, blue. */
  color: readonly [number, number, number]
  /** Share of the picture in [0, 1]. */
  coverage: number
}

export interface ReportItem {
  title: string
  panels: Panel[]
  legend: LegendEntry[]
  /** Short facts under the title: time, mIoU. */
  facts: string[]
}

export interface Report {
  title: string
  /** Paragraphs of plain text. */
  lead: string[]
  /** `note` is small print under the value. */
  figures: { label: string; value: string; note?: string }[]
  items: ReportItem[]
  footer: string[]
}

/** A page that needs nothing beside it: styles and pictures are inside, there is no script. */
export function renderReport(report: Report): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="wordmask">
<title>${escapeHtml(report.title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escapeHtml(report.title)}</h1>
${report.lead.map((text) => `<p>${escapeHtml(text)}</p>`).join('\n')}
<dl>${report.figures.map(figure).join('')}</dl>
</header>
<main>
${report.items.map(item).join('\n')}
</main>
<footer>${report.footer.map((text) => `<p>${escapeHtml(text)}</p>`).join('')}</footer>
</body>
</html>
`
}

function figure({ label, value, note }: Report['figures'][number]): string {
  const small = note === undefined ? '' : `<small>${escapeHtml(note)}</small>`
  return `<div><dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)} ${small}</dd></div>`
}

function item({ title, panels, legend, facts }: ReportItem): string {
  const pictures = panels.map(
    ({ caption, src }) =>
      `<figure><img src="${escapeHtml(src)}" alt="${escapeHtml(`${title}: ${caption}`)}"><figcaption>${escapeHtml(caption)}</figcaption></figure>`,
  )
  const names = legend.map(
    ({ name, color, coverage }) =>
      `<li><span class="swatch" style="background:rgb(${color.join(',')})"></span>${escapeHtml(name)}<span class="share">${(100 * coverage).toFixed(coverage < 0.1 ? 1 : 0)}%</span></li>`,
  )
  return `<article>
<h2>${escapeHtml(title)}</h2>
<p class="facts">${facts.map(escapeHtml).join(' · ')}</p>
<div class="panels" style="--columns:${panels.length}">${pictures.join('')}</div>
<ul class="legend">${names.join('')}</ul>
</article>`
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

const style = `
:root { color-scheme: light dark; --ink: #1c2127; --quiet: #5f6b76; --paper: #fff; --card: #f5f6f8; --line: #dde1e6 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --quiet: #9aa5b1; --paper: #14171a; --card: #1d2126; --line: #323941 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1240px; padding: 2.5rem 1.5rem; color: var(--ink); background: var(--paper); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.7rem; margin: 0 0 .5rem; letter-spacing: -.01em }
header p { max-width: 72ch; margin: .3rem 0; color: var(--quiet) }
dl { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0 2rem }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .6rem 1rem; min-width: 8rem }
dt { color: var(--quiet); font-size: .8rem }
dd { margin: 0; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums }
dd small { font-size: .8rem; font-weight: 400; color: var(--quiet) }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 580px), 1fr)); gap: 1.25rem }
article { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1rem }
h2 { font-size: 1.02rem; margin: 0; overflow-wrap: anywhere }
.facts { margin: .1rem 0 .75rem; color: var(--quiet); font-size: .85rem; font-variant-numeric: tabular-nums }
.panels { display: grid; grid-template-columns: repeat(var(--columns), 1fr); gap: .6rem }
figure { margin: 0 }
img { display: block; width: 100%; height: auto; border-radius: 8px; image-rendering: auto }
figcaption { color: var(--quiet); font-size: .78rem; margin-top: .25rem; text-align: center }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .35rem .9rem; margin: .75rem 0 0; padding: 0; font-size: .85rem }
.legend li { display: flex; align-items: center; gap: .4rem }
.swatch { width: .85rem; height: .85rem; border-radius: 3px; outline: 1px solid rgb(128 128 128 / .35) }
.share { color: var(--quiet); font-variant-numeric: tabular-nums }
footer { margin-top: 2rem; color: var(--quiet); font-size: .82rem; border-top: 1px solid var(--line); padding-top: .75rem }
footer p { margin: .2rem 0 }
`
