import { existsSync } from 'node:fs'
import path from 'node:path'
import { contentOf } from '../archive/content'
import { type CuratedImage, CuratedParts, CuratedSet } from '../curate/curated-set'
import { type Decision, readDecisions } from '../curate/decisions'
import { readPlaces } from '../sources'
import type { Masked } from './masks'
import type { BuildSpecialistOptions } from './options'

/** What people said, by what it is about. */
export interface Said {
  /** Of masks: which images may be learnt from. */
  masks: Decision[]
  /** Of a random sample of what the specialist finds: its precision. */
  audit: Decision[]
}

/** Decisions that were given, or that lie in the folder under the names that the pages save them by. */
export async function readSaid(given: BuildSpecialistOptions['decisions'], into: string): Promise<Said> {
  const there = ['decisions.jsonl', 'audit.jsonl'].map((name) => path.join(into, name)).filter((file) => existsSync(file))
  const all = [...(await readDecisions(given ?? there))]
  return { masks: all.filter(({ audit }) => audit === undefined), audit: all.filter(({ audit }) => audit !== undefined) }
}

/** The same set, of which the page shows other pictures: where their masks are. */
export function pictured(set: CuratedSet, pictureOf: (image: CuratedImage) => string | undefined): CuratedSet {
  const classes = set.classes.map((one) => ({
    ...one,
    images: one.images.map((image) => {
      const { key: _, offset: __, length: ___, box: ____, ...rest } = image
      const uri = pictureOf(image)
      return uri === undefined ? image : { ...rest, uri }
    }),
  }))
  return new CuratedSet(new CuratedParts(classes, set.origin, readPlaces))
}

/** The set under its masks. */
export function underMasks(set: CuratedSet, masked: readonly Masked[]): CuratedSet {
  const overlays = new Map(masked.map(({ row, overlay }) => [contentOf(row), overlay]))
  return pictured(set, (image) => overlays.get(contentOf(image)))
}
