import { escapeHtml } from '../../report/page'
import { client } from './client'
import { style } from './style'

export interface Tile {
  id: string
  /** Position of its class in the page's list. */
  class: number
  /** Data URI. */
  src: string
  /** Cosine with the class. */
  score: number
  /** What is read out and shown on pointing: the place of the image, its caption. */
  label: string
  /** Accepted by hand in an earlier review. */
  accepted: boolean
}

export interface Section {
  /** Undefined: one section over all classes, each tile naming its own. */
  class?: number
  title: string
  /** Plain text beside the title. */
  note: string
  tiles: Tile[]
}

export interface ReviewPage {
  title: string
  lead: string[]
  classes: string[]
  sections: Section[]
  /** Set for a random sample; goes into every decision. */
  audit?: string
  /** Tells one set from another in the browser's storage. */
  key: string
  /** What the download is called. */
  file: string
  footer: string[]
}

/** The page in pieces: one file that needs nothing beside it and asks nothing of any server. */
export function* renderReview(page: ReviewPage): Generator<string> {
  const { classes, audit, key, file } = page
  const facts = JSON.stringify({ classes, audit, key, file }).replaceAll('<', '\\u003c')
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="wordmask">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escapeHtml(page.title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escapeHtml(page.title)}</h1>
${page.lead.map((text) => `<p>${escapeHtml(text)}</p>`).join('\n')}
<p>Click rejects. Keys: arrows move, <kbd>X</kbd> rejects, <kbd>A</kbd> accepts, <kbd>U</kbd> undecided, <kbd>Ctrl</kbd> <kbd>Z</kbd> undoes. Save when done.</p>
</header>
<div class="bar"><div>
<span class="counts" id="all"></span>
<label><input type="checkbox" id="hide"> Hide rejected</label>
<button class="act" id="undo" type="button">Undo</button>
<button class="act main" id="save" type="button">Save ${escapeHtml(file)}</button>
<span class="spoken" role="status" aria-live="polite" id="said"></span>
</div></div>
<main>
`
  const own = page.sections.filter((section) => section.class !== undefined)
  if (own.length > 1) yield `<nav aria-label="Classes">${own.map(jump).join('')}</nav>\n`
  for (const section of page.sections) yield* sectionOf(section, classes)
  yield `</main>
<footer>${page.footer.map((text) => `<p>${escapeHtml(text)}</p>`).join('')}</footer>
<script type="application/json" id="facts">${facts}</script>
<script>${client}</script>
</body>
</html>
`
}

const jump = (section: Section) =>
  `<a href="#class-${section.class}">${escapeHtml(section.title)} <small data-counter="${section.class}" data-short="1"></small></a>`

function* sectionOf(section: Section, classes: string[]): Generator<string> {
  const { title, note, tiles } = section
  const counter = section.class === undefined || tiles.length === 0 ? '' : `<p data-counter="${section.class}"></p>`
  const rest =
    section.class === undefined || tiles.length === 0
      ? ''
      : `<button class="act" type="button" data-rest="${section.class}">Accept the undecided</button>`
  const id = section.class === undefined ? 'sample' : `class-${section.class}`
  yield `<section id="${id}" aria-label="${escapeHtml(title)}"><div class="line"><h2>${escapeHtml(title)}</h2><p>${escapeHtml(note)}</p>${counter}${rest}</div>\n`
  if (tiles.length === 0) yield '<p class="empty">No images.</p>\n'
  else {
    yield '<ul class="grid">\n'
    for (const tile of tiles) yield tileOf(tile, section.class === undefined ? classes[tile.class] : undefined)
    yield '</ul>\n'
  }
  yield '</section>\n'
}

function tileOf({ id, class: index, src, score, label, accepted }: Tile, name: string | undefined): string {
  const text = escapeHtml(label)
  const state = accepted ? 'accept' : ''
  const note = name === undefined ? `<span>${score.toFixed(3)}</span>` : `<b>${escapeHtml(name)}</b>`
  return `<li><button type="button" class="tile" data-class="${index}" data-id="${escapeHtml(id)}" data-state="${state}" data-label="${text}" title="${text}"><img src="${src}" alt="" loading="lazy" decoding="async"><span class="badge"></span><span class="note">${note}</span></button></li>\n`
}
