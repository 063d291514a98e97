import { Archive } from '../archive/archive'
import { Clip } from '../clip/clip'
import { Encoder } from '../encoder/encoder'
import { invalidArgument } from '../errors'
import type { RunOptions } from '../options'
import type { Model } from '../segmenter/models'
import { clipEncoder, type DenseEncoder, denseEncoder, towerEncoder } from './encoder'

/** Models as they are opened: what was loaded here is freed again where a later one cannot be. */
export class Opening {
  /** What the segmenter is to free. */
  readonly owned: Model[] = []

  constructor(private readonly run: RunOptions) {}

  /** A Clip that was given, or is loaded. */
  async clip(name: string, given: unknown): Promise<Clip> {
    if (typeof given === 'string') return this.own(await Clip.load(given, this.run))
    if (given instanceof Clip) return given
    throw invalidArgument(name, 'a Clip, or what Clip.load takes', given)
  }

  /** An encoder that was given, or is loaded; without one the dense CLIP, read as its card says that encoders are. */
  async encoder(given: Encoder | Clip | string | undefined, clip: Clip): Promise<DenseEncoder> {
    if (typeof given === 'string') return towerEncoder(this.own(await Encoder.load(given, this.run)))
    if (given !== undefined) return denseEncoder(given)
    const { card, config, load } = clip.source
    const asDense = card?.encoderRead === undefined || card.encoderRead === config.dense
    if (asDense && card?.encoderLayer === undefined) return clipEncoder(clip)
    return towerEncoder(this.own(await Encoder.load(load, this.run)))
  }

  /**
   * An archive with its model; a path is opened read-only. `clip` says where the model is, when it is not where the archive has it;
   * one of the `loaded` that is the archive's own is not loaded again.
   */
  async archive(given: Archive | string, clip: Clip | string | undefined, ...loaded: Clip[]): Promise<{ archive: Archive; clip: Clip }> {
    if (given instanceof Archive) {
      const own = given.parts.options.clip
      if (!own) throw invalidArgument('archive', 'an archive that was opened with its Clip', given.uri)
      return { archive: given, clip: own }
    }
    const load = clip ?? (await modelOf(given))
    const model = loaded.find(({ source }) => source.load === load) ?? (await this.clip('clip', load))
    return { archive: this.own(await Archive.open(given, { clip: model, readOnly: true })), clip: model }
  }

  async undo(): Promise<void> {
    for (const model of this.owned.reverse()) await model[Symbol.asyncDispose]()
  }

  /** Freed with the segmenter, or by undo(). */
  own<M extends Model>(model: M): M {
    this.owned.push(model)
    return model
  }
}

/** What Clip.load was given for an archive. */
async function modelOf(uri: string): Promise<string> {
  const archive = await Archive.open(uri, { readOnly: true })
  try {
    return archive.model.load
  } finally {
    await archive.close()
  }
}
