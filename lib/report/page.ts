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
  /** Further parts of the page, each under a heading of its own. */
  sections?: ReportSection[]
  footer: string[]
}

/** As a report; `command` is shown as one would type it. */
export type ReportSection = Omit<Report, 'sections'> & { command?: string }

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
${paragraphs(report.lead)}
<dl>${report.figures.map(figure).join('')}</dl>
</header>
<main>
<div class="items">
${report.items.map((one) => item(one, 'h2')).join('\n')}
</div>
${(report.sections ?? []).map(section).join('\n')}
</main>
<footer>${paragraphs(report.footer)}</footer>
</body>
</html>
`
}

const paragraphs = (texts: readonly string[]) => texts.map((text) => `<p>${escapeHtml(text)}</p>`).join('\n')

function section({ title, lead, command, figures, items, footer }: ReportSection): string {
  return `<section>
<h2>${escapeHtml(title)}</h2>
${paragraphs(lead)}
${command === undefined ? '' : `<pre><code>${escapeHtml(command).replace(/--[\w-]+/g, '<span>$&</span>')}</code></pre>`}
<dl>${figures.map(figure).join('')}</dl>
<div class="items">
${items.map((one) => item(one, 'h3')).join('\n')}
</div>
<div class="rests">${paragraphs(footer)}</div>
</section>`
}

function figure({ label, value, note }: Report['figures'][number]): string {
  const small = note === undefined ? '' : `<small>${escapeHtml(note)}</small>`
  return `<div><dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)} ${small}</dd></div>`
}

function item({ title, panels, legend, facts }: ReportItem, heading: 'h2' | 'h3'): string {
  const pictures = panels.map(
    ({ caption, src }) =>
      `<figure><img src="${escapeHtml(src)}" alt="${escapeHtml(`${title}: ${caption}`)}"><figcaption>${escapeHtml(caption)}</figcaption></figure>`,
  )
  const names = legend.map(
    ({ name, color, coverage }) =>
      `<li><span class="swatch" style="background:rgb(${color.join(',')})"></span>${escapeHtml(name)}<span class="share">${(100 * coverage).toFixed(coverage < 0.1 ? 1 : 0)}%</span></li>`,
  )
  return `<article>
<${heading}>${escapeHtml(title)}</${heading}>
<p class="facts">${facts.map(escapeHtml).join(' · ')}</p>
<div class="panels" style="--columns:${panels.length};--narrow:${narrow(panels.length)}">${pictures.join('')}</div>
<ul class="legend">${names.join('')}</ul>
</article>`
}

/** Pictures side by side on a narrow screen. */
const narrow = (panels: number) => (panels === 4 ? 2 : Math.min(panels, 3))

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

const style = `
:root { color-scheme: light dark; --ink: #1c2127; --quiet: #5f6b76; --paper: #fff; --card: #f5f6f8; --line: #dde1e6 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --quiet: #9aa5b1; --paper: #14171a; --card: #1d2126; --line: #323941 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1240px; padding: 2.5rem 1.5rem; color: var(--ink); background: var(--paper); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.7rem; margin: 0 0 .5rem; letter-spacing: -.01em }
header p, section > p { max-width: 72ch; margin: .3rem 0; color: var(--quiet) }
dl { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0 2rem }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .6rem 1rem; min-width: 8rem }
dt { color: var(--quiet); font-size: .8rem }
dd { margin: 0; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums }
dd small { font-size: .8rem; font-weight: 400; color: var(--quiet) }
.items { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 580px), 1fr)); gap: 1.25rem }
article { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1rem }
article h2, article h3 { font-size: 1.02rem; margin: 0; overflow-wrap: anywhere }
section { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem }
section > h2 { font-size: 1.35rem; margin: 0 0 .5rem; letter-spacing: -.01em }
section dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); margin: 1.25rem 0 1.5rem }
section dl div { min-width: 0 }
section dd small { display: block }
pre { margin: 1rem 0 0; padding: .7rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; font: .85rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
code span { white-space: nowrap }
.rests { margin-top: 1rem; color: var(--quiet); font-size: .82rem; max-width: 110ch }
.rests p { margin: .2rem 0 }
.facts { margin: .1rem 0 .75rem; color: var(--quiet); font-size: .85rem; font-variant-numeric: tabular-nums }
.panels { display: grid; grid-template-columns: repeat(var(--columns), 1fr); gap: .6rem }
figure { margin: 0 }
img { display: block; width: 100%; height: auto; border-radius: 8px; image-rendering: auto }
figcaption { color: var(--quiet); font-size: .78rem; margin-top: .25rem; text-align: center }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .35rem .9rem; margin: .75rem 0 0; padding: 0; font-size: .85rem }
.legend li { display: flex; align-items: center; gap: .4rem }
.legend:empty { display: none }
.swatch { width: .85rem; height: .85rem; border-radius: 3px; outline: 1px solid rgb(128 128 128 / .35) }
.share { color: var(--quiet); font-variant-numeric: tabular-nums }
footer { margin-top: 2rem; color: var(--quiet); font-size: .82rem; border-top: 1px solid var(--line); padding-top: .75rem }
footer p { margin: .2rem 0 }
@media (max-width: 480px) { body { padding: 1.5rem 1rem } .panels { grid-template-columns: repeat(var(--narrow), 1fr) } }
`
