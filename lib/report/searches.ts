import { rm } from 'node:fs/promises'
import { Archive } from '../archive/archive'
import type { Clip } from '../clip/clip'
import type { GalleryRow, Sample } from './gallery'
import type { ReportItem } from './page'
import { dataUri } from './picture'

const searches = 3
const hitsShown = 4

/** The names that take most of the pictures. */
export function commonNames(rows: readonly GalleryRow[]): string[] {
  const shares = new Map<string, number>()
  for (const { found } of rows) for (const { name, share } of found) shares.set(name, (shares.get(name) ?? 0) + share)
  return [...shares]
    .sort(([, a], [, b]) => b - a)
    .slice(0, searches)
    .map(([name]) => name)
}

/** Indexes the pictures anew and looks for each name: a row of the best hits for the page. */
export async function searchItems(
  uri: string,
  clip: Clip,
  samples: readonly Sample[],
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReportItem[]> {
  await rm(uri, { recursive: true, force: true })
  const archive = await Archive.open(uri, { clip })
  try {
    const { done } = await archive.add(
      samples.map(({ name, image }) => ({ id: name, image })),
      { signal },
    )
    const file = new Map(samples.map(({ name, image }) => [name, image]))
    const items: ReportItem[] = []
    for (const name of names) {
      const started = performance.now()
      const hits = await archive.search(name, { topK: hitsShown, return: ['id'], signal })
      const ms = performance.now() - started
      const panels = await Promise.all(
        hits.map(async ({ id, score }) => ({ caption: score.toFixed(3), src: await dataUri(file.get(id) as string) })),
      )
      items.push({
        title: `Search: ${name}`,
        panels,
        legend: [],
        facts: [`best ${hits.length} of ${done} pictures, by cosine`, `${Math.round(ms)} ms`],
      })
    }
    return items
  } finally {
    await archive.close()
  }
}
