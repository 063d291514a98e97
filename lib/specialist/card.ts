import path from 'node:path'
import type { Measured } from '../curate/audit'
import type { Interval } from '../curate/wilson'
import { type Report, type ReportItem, renderReport } from '../report/page'
import { writeAtomic } from '../run/atomic'
import type { ImageFigures, Threshold } from './figures'

export const cardFile = 'card.json'
export const cardPage = 'card.html'

/** What is known of one name. */
export interface CardName {
  name: string
  /** Images of it that were learnt from, and those kept from training. */
  images: { trained: number; held: number; references: number }
  threshold: Threshold
  /** By CLIP: shown is what the presence rule of archive.curate says, not truth. */
  heldOut: ImageFigures
  /** Where label maps were given. */
  truth?: { iou: number; recoIou: number; images: ImageFigures }
}

/** What a specialist is, what it was made of, and how well it does. NaN is null. */
export interface SpecialistCard {
  version: 1
  names: CardName[]
  absent: { name: string; pValue: number }[]
  archive: { uri: string; rows: number; model: string }
  compare: string[]
  /** Contexts that references are turned away from. */
  contexts: string[]
  groups: { by: string; trained: number; held: number } | null
  boxes: string | null
  training: {
    shown: number
    repeated: number
    without: number
    composites: number
    steps: number
    seconds: number
    size: { width: number; height: number }
    seed: number
  }
  /** Which weights the backbone starts from. */
  start: string
  /** Of a random sample that people judged; null until they have. */
  audited: Measured | null
  /** Middle of one call for one decoded image, on this machine's CPU, in ms; both sides saw the same images in turn. `ratio`: reco / specialist. */
  time: { specialist: number; reco: number; ratio: number; threads: number }
  licence: string
  /** Of everything that had a part in the weights. */
  licences: { what: string; licence: string }[]
  rests: string[]
  notes: string[]
}

/** Writes card.json and card.html. */
export async function writeCard(folder: string, card: SpecialistCard, items: ReportItem[]): Promise<void> {
  await writeAtomic(path.join(folder, cardFile), `${JSON.stringify(card, null, 2)}\n`)
  await writeAtomic(path.join(folder, cardPage), renderReport(pageOf(card, items)))
}

function pageOf(card: SpecialistCard, items: ReportItem[]): Report {
  const { names, absent, archive, training, time, audited } = card
  const title = `Specialist for ${names.map(({ name }) => name).join(', ')}`
  const many = names.length > 1
  const figures: Report['figures'] = names.flatMap((one) => figuresOf(one, many))
  if (audited)
    figures.push({
      label: 'audited precision',
      ...interval(audited.precision),
      note: `${range(audited.precision)}, ${audited.right} of ${audited.judged} judged`,
    })
  figures.push({
    label: 'time an image',
    value: `${number(time.specialist, 1)} ms`,
    note: `ReCo ${number(time.reco, 1)} ms; CPU, ${time.threads} threads`,
  })
  const { shown, without, composites, steps, seconds, size } = training
  const lead = [
    `Made of ${archive.rows} unlabelled images (${archive.uri}) and the names alone: ${shown} images that show them, ${without} that do not, ${composites} composites; ${steps} steps at ${size.width} x ${size.height} in ${seconds.toFixed(0)} s.`,
    ...absent.map(({ name, pValue }) => `The archive does not show "${name}" (p = ${pValue.toFixed(3)}): it is not part of it.`),
    ...card.notes,
  ]
  const licences = card.licences.map(({ what, licence }) => `${what}: ${licence}`)
  return {
    title,
    lead,
    figures,
    items,
    footer: [...thresholdLines(names), ...card.rests, `Licence: ${card.licence}. ${licences.join('; ')}`],
  }
}

const thresholdLines = (names: readonly CardName[]) =>
  names.map(({ name, threshold: { value, why } }) => `Threshold of "${name}": ${value.toFixed(4)}, ${why}.`)

function figuresOf({ name, heldOut, truth }: CardName, many: boolean): Report['figures'] {
  const of = (label: string) => (many ? `${name}: ${label}` : label)
  const basis = truth ? truth.images : heldOut
  const by = truth ? 'by truth' : 'by CLIP, not truth'
  const { precision, recall, falsePositivesPer1000: wrong, images } = basis
  return [
    ...(truth ? [{ label: of('IoU'), value: number(truth.iou), note: `ReCo ${number(truth.recoIou)}` }] : []),
    { label: of('recall'), ...interval(recall), note: `${range(recall)}, ${images.shown} images, ${by}` },
    { label: of('precision'), ...interval(precision), note: `${range(precision)}, ${by}` },
    { label: of('false positives of 1,000'), value: number(wrong.value, 1), note: `${range(wrong, 1)}, ${images.without} images` },
  ]
}

const interval = ({ value }: Interval) => ({ value: number(value) })
const range = ({ low, high }: Interval, digits = 2) => `${low.toFixed(digits)} to ${high.toFixed(digits)}`
const number = (value: number, digits = 2) => (Number.isFinite(value) ? value.toFixed(digits) : 'not known')
