import type { CuratedSet } from '../curate/curated-set'
import type { ReadImages } from '../curate/images'
import type { RunOptions } from '../options'
import { machine, packageVersion } from '../run/environment'
import type { Staging } from './staging'

export interface Rejected {
  id: string
  uri: string
  key?: string
  code: string
  reason: string
}

/** One export on its way. */
export interface Job {
  set: CuratedSet
  read: ReadImages
  staging: Staging
  files: 'copy' | 'link' | 'none'
  shardSize: number
  signal: AbortSignal | undefined
  onProgress: RunOptions['onProgress']
  /** Filled on the way. */
  rejected: Rejected[]
}

/** rejects.jsonl where there are any, and run.json: what was exported of what, and under which licences. */
export async function writeRecord({ set, staging, files, rejected }: Job, format: string, images: number): Promise<void> {
  if (rejected.length > 0) await staging.write('rejects.jsonl', rejected.map((one) => `${JSON.stringify(one)}\n`).join(''))
  const { origin } = set
  const record = {
    format: 'wordmask-export',
    version: 1,
    made: new Date().toISOString(),
    wordmask: packageVersion(),
    machine: machine(),
    export: { format, files, images, rejected: rejected.length },
    set: { key: set.key, archive: origin.archive, rows: origin.rows, settings: origin.settings },
    model: origin.model,
    licences: licenceLines(set),
    classes: set.classes.map(({ entry, wanted, images: list, presence, estimatedPrecision }) => ({
      name: entry.name,
      id: entry.id,
      images: list.length,
      wanted,
      presence,
      estimatedPrecision,
    })),
  }
  await staging.write('run.json', `${JSON.stringify(record, null, 2)}\n`)
}

/** "MIT: the model scenes", "CC-BY-4.0: 312 images", and how many images do not say. */
export function licenceLines(set: CuratedSet): string[] {
  const counts = new Map<string, number>()
  const seen = new Set<string>()
  for (const { id, metadata } of set.images()) {
    if (seen.has(id)) continue
    seen.add(id)
    const column = Object.entries(metadata ?? {}).find(([name, value]) => /^licen[cs]e$/i.test(name) && value !== null && value !== '')
    const licence = column === undefined ? '' : String(column[1])
    counts.set(licence, (counts.get(licence) ?? 0) + 1)
  }
  const { model } = set.origin
  const said = [...counts].filter(([licence]) => licence !== '').sort(([a], [b]) => (a < b ? -1 : 1))
  const silent = counts.get('') ?? 0
  return [
    `${model.licence}: the model ${model.name} that chose the images`,
    ...said.map(([licence, n]) => `${licence}: ${n} images, as their column says`),
    ...(silent > 0 ? [`not recorded: ${silent} images have no column "licence"; ask where they come from`] : []),
  ]
}
