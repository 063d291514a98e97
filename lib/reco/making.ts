import { createHash } from 'node:crypto'
import type { Clip } from '../clip/clip'
import type { Templates } from '../text/prompts'
import { templateList } from '../text/prompts'
import type { DenseEncoder } from './encoder'
import type { RecoOptions, RetrieveOptions } from './options'
import type { Reference } from './reference'

/** What a segmenter's references are made by. */
export interface Settings extends Required<Pick<RecoOptions, 'k' | 'window' | 'guidance' | 'elimination'>> {
  readonly contexts: readonly string[]
  readonly retrieve: RetrieveOptions
  readonly referenceSize: number | undefined
  /** For retrieval and guidance; undefined: each model's own (recoTemplates). */
  readonly templates: Templates | undefined
}

/** The model that finds images, and the sentences it finds them by. */
export interface Retrieval {
  readonly load: string
  readonly weights: string
  readonly templates: Templates
}

/** ReCo's 85 prompts, except for models whose card has prompts of their own. */
export const recoTemplates = (clip: Clip): Templates => (clip.source.templates === 'imagenet' ? 'reco' : clip.source.templates)

export const referenceSide = (encoder: DenseEncoder, settings: Pick<Settings, 'referenceSize'>): number =>
  settings.referenceSize ?? encoder.sizes.reference

/** A model of the making: its identity, and the side of the square it sees. */
export interface Seen {
  readonly identity: string
  readonly side: number
}

/** Everything that a reference follows from, except its name, its images and the contexts before it. */
export function makingOf(encoder: Seen, dense: Seen, clip: Clip, retrieval: Retrieval, settings: Settings): string {
  const { k, window, guidance, retrieve, templates } = settings
  const guide = guidance ? [dense.identity, dense.side, templateList(templates ?? recoTemplates(clip))] : null
  const found = [retrieval.weights, templateList(retrieval.templates)]
  return JSON.stringify([encoder.identity, encoder.side, guide, found, k, window, plain(retrieve)])
}

/** With the contexts that the name is turned away from. */
export function makingKey(making: string, contexts: readonly Reference[]): string {
  const hash = createHash('sha256').update(making)
  for (const { about, embedding } of contexts)
    hash.update(JSON.stringify(about.name)).update(new Uint8Array(embedding.buffer, embedding.byteOffset, embedding.byteLength))
  return hash.digest('hex')
}

/** Names of options that plain() could not keep. */
export const unsavedOptions = (retrieve: object): string[] =>
  ['exclude', 'decisions', 'groupBy', 'images'].filter((name) => unkept((retrieve as Record<string, unknown>)[name]))

const unkept = (value: unknown) => value === true || value === 'a function' || Array.isArray(value)

/** What JSON can hold; which images a function or a set lets through, the images themselves tell. */
export function plain({ groupBy, exclude, decisions, images, ...rest }: RetrieveOptions): Record<string, unknown> {
  return {
    ...rest,
    ...(groupBy !== undefined && { groupBy: typeof groupBy === 'function' ? 'a function' : groupBy }),
    ...(exclude !== undefined && { exclude: true }),
    ...(decisions !== undefined && { decisions: true }),
    ...(images !== undefined && { images: Array.isArray(images) ? images : Object.keys(images).sort() }),
  }
}
