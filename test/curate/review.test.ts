import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ArchiveRow } from '../../lib/archive/types'
import { drawAudit } from '../../lib/curate/audit'
import type { CuratedSet } from '../../lib/curate/curated-set'
import { Decisions, parseDecisions } from '../../lib/curate/decisions'
import { temporaryFolder } from './memory'
import { curatedSet, pictures } from './sets'

let folder: string
let rows: ArchiveRow[]
let set: CuratedSet

beforeAll(async () => {
  folder = await temporaryFolder()
  rows = await pictures(
    join(folder, 'photos'),
    Array.from({ length: 9 }, (_, i) => `p${i}.png`),
  )
  set = curatedSet({ fox: rows.slice(0, 5), '<b>"dog"</b>': rows.slice(4, 9), axolotl: [] })
})

describe('review.html', () => {
  test('is one file with the pictures inside, names escaped, nothing fetched', async () => {
    const file = join(folder, 'review.html')
    const { images, bytes, unreadable } = await set.review(file)
    const text = await readFile(file, 'utf8')
    expect({ images, unreadable, bytes }).toEqual({ images: 10, unreadable: 0, bytes: Buffer.byteLength(text) })
    expect(text.match(/src="data:image\/jpeg;base64,/g)).toHaveLength(10)
    expect(text).not.toMatch(/<b>"dog"|https?:\/\//)
    expect(text).toMatch(/default-src 'none'/)
    expect(text).toMatch(/axolotl<\/h2>.*0 of 0/)
  })

  test('a page that would be too large takes smaller pictures, then refuses', async () => {
    const file = join(folder, 'small.html')
    const whole = await set.review(file)
    const smaller = await set.review(file, { maxBytes: whole.bytes - 1 })
    expect(smaller.bytes).toBeLessThan(whole.bytes)
    await expect(set.review(file, { maxBytes: 9000 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /sample \(audit\)/)
  })

  test('an image that is gone is shown as unreadable, so that it can be rejected', async () => {
    const gone = curatedSet({ fox: [rows[0]!, { ...rows[1]!, id: 'gone', uri: '/nowhere.png' }] })
    expect(await gone.review(join(folder, 'gone.html'))).toMatchObject({ images: 2, unreadable: 1 })
  })
})

const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => spawnSync(name, ['--version']).status === 0)
if (chromium === undefined) console.error('skipped: no chromium here to drive review.html (apt-get install chromium)')

/** Runs `script` in the page as a person's browser does; it returns what is to be told. */
async function inBrowser(file: string, script: string): Promise<any> {
  const page = join(folder, 'driven.html')
  const text = await readFile(file, 'utf8')
  const driver = `<script>addEventListener('load', () => { const result = (() => { ${script} })(); document.documentElement.dataset.result = JSON.stringify(result) })</script>`
  await writeFile(
    page,
    text.replace('</body>', () => `${driver}</body>`),
  )
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--virtual-time-budget=3000', `--user-data-dir=${join(folder, 'profile')}`]
  const { stdout } = spawnSync(chromium!, [...flags, '--dump-dom', `file://${page}`], { encoding: 'utf8', maxBuffer: 1 << 27 })
  const result = /data-result="([^"]*)"/.exec(stdout)?.[1]
  if (result === undefined) throw new Error(`the page said nothing: ${stdout.slice(0, 500)}`)
  return JSON.parse(result.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'))
}

const helpers = `
const tiles = [...document.querySelectorAll('.tile')]
const press = (key, more) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }))
const all = () => document.getElementById('all').textContent
const counters = () => [...document.querySelectorAll('section [data-counter]')].map((place) => place.textContent)
`

describe.skipIf(chromium === undefined)('review.html in chromium', () => {
  test('clicks and keys change the counters; what is saved is read back as decisions', async () => {
    const file = join(folder, 'review.html')
    await set.review(file)
    const told = await inBrowser(
      file,
      `${helpers}
      localStorage.clear()
      const start = all()
      tiles[0].click()
      tiles[5].click()
      tiles[5].click()
      const clicked = [all(), counters()]
      tiles[1].focus()
      press('x')
      press('a')
      const moved = tiles.indexOf(document.activeElement)
      press('z', { ctrlKey: true })
      const undone = all()
      document.querySelector('[data-rest="1"]').click()
      const rest = counters()
      document.getElementById('hide').click()
      const hidden = tiles.filter((tile) => tile.offsetParent === null).length
      press('ArrowDown')
      return { start, clicked, moved, undone, rest, hidden, label: tiles[0].getAttribute('aria-label'), lines: wordmaskReview.lines() }`,
    )
    expect(told.start).toBe('0 accepted · 0 rejected · 10 undecided')
    expect(told.clicked).toEqual([
      '0 accepted · 1 rejected · 9 undecided',
      ['0 accepted · 1 rejected · 4 undecided', '0 accepted · 0 rejected · 5 undecided'],
    ])
    expect(told.moved).toBe(3)
    expect(told.undone).toBe('0 accepted · 2 rejected · 8 undecided')
    expect(told.rest[1]).toBe('5 accepted · 0 rejected · 0 undecided')
    expect(told.hidden).toBe(2)
    expect(told.label).toBe('fox 1: picture 0 & <more>, rejected')
    const decisions = new Decisions(parseDecisions(told.lines))
    expect(decisions.ids('fox', 'reject')).toEqual([rows[0]!.id, rows[1]!.id])
    expect(decisions.ids('<b>"dog"</b>', 'accept')).toHaveLength(5)
  })

  test('an audit shows its sample in its order and its decisions measure precision', async () => {
    const file = join(folder, 'audit.html')
    await set.review(file, { audit: 6, seed: 2 })
    const { ids, lines } = await inBrowser(
      file,
      `${helpers}
      localStorage.clear()
      tiles[0].focus()
      for (const key of ['a', 'a', 'x', 'a', 'a', 'a']) press(key)
      return { ids: tiles.map((tile) => tile.dataset.id), lines: wordmaskReview.lines() }`,
    )
    expect(ids).toEqual(drawAudit(set, 6, 2).images.map(({ id }) => id))
    expect(set.measure(new Decisions(parseDecisions(lines)))).toMatchObject({ asked: 6, judged: 6, right: 5 })
  })
})
