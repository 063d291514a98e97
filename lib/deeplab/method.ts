import { join } from 'node:path'
import type { Pixels } from '../../binding'
import type { ClipOptions } from '../clip/options'
import { invalidArgument, WordmaskError } from '../errors'
import type { MethodKind, Names, Scored, SegmentMethod } from '../segmenter/method'
import { Models } from '../segmenter/models'
import { type SegmentOptions, segmenterOptions } from '../segmenter/options'
import type { Defaults, Plan } from '../segmenter/plan'
import type { SaveOptions } from '../segmenter/save'
import { Scores } from '../segmenter/scores'
import { textRows } from '../segmenter/text-cache'
import { withSignal } from '../task'
import { Network } from './network'
import { gate } from './presence'
import { checkNetwork, copyNetwork, type NetworkReference, networkReference } from './saved'
import { checkNetworkSize, networkView } from './view'

/** A trained DeepLabv3+: the classes it was trained on, no text. Scores are log-probabilities. */
class DeepLabV3Plus implements SegmentMethod {
  readonly name = 'deeplabv3plus'
  readonly clip = undefined
  readonly templates = 'none'
  readonly models: Models

  constructor(
    private readonly network: Network,
    private readonly names: string,
  ) {
    this.models = new Models([network], [network])
  }

  get about() {
    const { name, file, dtype, device, saved } = this.network
    return { name, family: 'DeepLabv3+', licence: saved.licence, notes: saved.notes, files: [file], dtype, device }
  }

  checkView(size: SegmentOptions['size'], slide: SegmentOptions['slide']): void {
    if (slide !== undefined) throw invalidArgument('slide', 'no slide for a trained segmenter, which sees images whole', slide)
    checkNetworkSize(size)
  }

  async prepare({ rows, templates }: Names): Promise<void> {
    if (templates !== this.templates) throw invalidArgument('templates', "'none': a trained segmenter reads no names", templates)
    if (namesOf(rows) === this.names) return
    throw new WordmaskError(
      'ERR_WORDMASK_CLASSES',
      'A trained segmenter has the classes and the background it was trained with: leave classes and background out, or give the same.',
    )
  }

  async score(pixels: Pixels, { size, signal }: Plan): Promise<Scored> {
    const { native, saved, name: model, dtype } = this.network
    const view = networkView(pixels, size, saved.size)
    const options = { ...saved.preprocess, ...view, background: saved.background }
    const grid = await withSignal(signal, (task) => native.score(pixels, options, task))
    if (saved.thresholds) gate(grid, saved.thresholds)
    return { scores: new Scores([grid], 1), seen: { model, dtype, size: view } }
  }

  /** The weights always go along: nothing else has them. */
  async save(folder: string, { classes }: Defaults, { signal }: SaveOptions): Promise<Record<string, unknown>> {
    return { ...(await copyNetwork(this.network, folder, classes ?? [], signal)) }
  }
}

/** Synonyms and colours may change, names and their order may not. */
const namesOf = (rows: Names['rows']) => JSON.stringify(rows.map(({ name }) => name))

export const deeplabv3plus: MethodKind = {
  options: segmenterOptions,
  saved: networkReference,

  async create(): Promise<never> {
    throw invalidArgument('method', "a method that needs no training: 'deeplabv3plus' comes from Segmenter.load(folder)", 'deeplabv3plus')
  },

  async load(folder, saved, { classes, background, size, slide }, options): Promise<DeepLabV3Plus> {
    const { archive, maxPending: _, ...rest } = options
    if (archive !== undefined) throw invalidArgument('archive', "nothing for a segmenter of method 'deeplabv3plus'", archive)
    const reference = saved as NetworkReference
    const rows = textRows(classes ?? [], background)
    if (rows.length !== reference.network.config.classes)
      throw new WordmaskError(
        'ERR_WORDMASK_CHECKPOINT',
        `${join(folder, 'wordmask.json')} names ${rows.length} classes, its network has ${reference.network.config.classes}`,
      )
    const { thresholds } = reference.network
    if (thresholds && thresholds.length !== (classes ?? []).length)
      throw new WordmaskError(
        'ERR_WORDMASK_CHECKPOINT',
        `${join(folder, 'wordmask.json')} has ${thresholds.length} thresholds for ${(classes ?? []).length} classes`,
      )
    const file = await checkNetwork(folder, reference)
    const method = new DeepLabV3Plus(await Network.load(file, reference.network, rest as ClipOptions), namesOf(rows))
    try {
      method.checkView(size, slide)
      return method
    } catch (error) {
      await method.models[Symbol.asyncDispose]()
      throw error
    }
  },
}
