import path from 'node:path'
import type { SearchHit } from '../../archive/types'
import type { SearchQuery } from '../../index'
import { sheetOf } from '../../report/sheet'
import { writeAtomic } from '../../run/atomic'
import type { SearchFlags } from '../commands/search'
import { readTemplates } from '../model'
import type { Context } from '../program'
import { shownPath, speak, table } from '../terminal'
import { UsageError } from '../usage'
import { openWithModel } from './open'

interface Query {
  title: string
  query: SearchQuery
}

export async function searchArchive(uri: string, texts: string[], options: SearchFlags, context: Context): Promise<void> {
  const json = options.json ?? false
  const { stop } = context.interrupt
  const queries = queriesOf(texts, options)
  const templates = await readTemplates(options.templates)
  const { archive, model } = await openWithModel(uri, options, context, { readOnly: true, create: false })
  try {
    const { topK, where, minScore, crops } = options
    const answers = await archive.search(
      queries.map(({ query }) => query),
      { topK, where, minScore, crops, templates, exact: !options.approximate, signal: stop },
    )
    for (const [i, hits] of answers.entries()) {
      const { title } = queries[i] as Query
      if (json) for (const hit of hits) speak(true, { event: 'hit', query: title, ...hit }, undefined)
      else speak(false, {}, `${i > 0 ? '\n' : ''}${title}\n${describe(hits)}`)
    }
    if (options.into !== undefined) await writeHits(options.into, queries, answers, json, stop)
  } finally {
    await archive.close()
    model.clip.dispose()
  }
}

function queriesOf(texts: string[], { image = [], minus }: SearchFlags): Query[] {
  const positive: { title: string; part: string | { image: string } }[] = [
    ...texts.map((text) => ({ title: text, part: text })),
    ...image.map((file) => ({ title: file, part: { image: file } })),
  ]
  const blank = positive.find(({ title }) => title.trim() === '')
  if (blank) throw new UsageError('Expected words to look for, not an empty text')
  return positive.map(({ title, part }) =>
    minus === undefined ? { title, query: part } : { title: `${title} - ${minus.join(' - ')}`, query: { plus: [part], minus } },
  )
}

function describe(hits: SearchHit[]): string {
  if (hits.length === 0) return '  nothing'
  const rows = hits.map(({ score, uri, key, box, caption }) => {
    const file = /^[a-z0-9]+:\/\//i.test(uri) ? uri : shownPath(uri)
    return [
      score.toFixed(3),
      `${file}${key === undefined ? '' : `: ${key}`}${box === undefined ? '' : ` [${box.join(', ')}]`}`,
      (caption ?? '').slice(0, 60),
    ]
  })
  return table(['score', 'image', 'caption'], rows)
}

/** hits.jsonl, and a contact sheet for every query. */
async function writeHits(into: string, queries: Query[], answers: SearchHit[][], json: boolean, stop: AbortSignal): Promise<void> {
  const lines = answers.flatMap((hits, i) => hits.map((hit) => JSON.stringify({ query: queries[i]?.title, ...hit })))
  await writeAtomic(path.join(into, 'hits.jsonl'), lines.map((line) => `${line}\n`).join(''))
  const files: string[] = []
  for (const [i, hits] of answers.entries()) {
    const { title } = queries[i] as Query
    const file = path.join(into, `${String(i + 1).padStart(2, '0')}-${title.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60)}.jpg`)
    const labels = hits.map(({ score }) => score.toFixed(3))
    await writeAtomic(file, await sheetOf(title, hits, labels, stop))
    files.push(file)
  }
  speak(json, { event: 'summary', into, sheets: files }, `\nContact sheets: ${files.map(shownPath).join(', ')}`)
}
