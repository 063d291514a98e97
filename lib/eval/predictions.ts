import { stat } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../errors'
import { type ClassMap, toClasses } from './class-map'
import { ignored, type Layout, outside, type Pair } from './datasets/types'
import { readLabels } from './read-labels'

/** What the values of predicted maps are: class indices, or what the data set's own label maps hold. */
export type PredictionIds = 'classes' | 'labels'

/** Label maps that anybody made: a file a pair, by its id or the name of its label map, with the id's folders or without. */
export class PredictionFolder {
  private readonly values: Uint16Array

  constructor(
    readonly folder: string,
    private readonly classes: number,
    private readonly layout: Layout,
    private readonly ids: PredictionIds,
  ) {
    this.values = ids === 'labels' ? layout.values : this.classValues()
  }

  /** @throws ERR_WORDMASK_FILE_NOT_FOUND with the names looked for */
  async fileOf(pair: Pair): Promise<string> {
    const own = path.parse(pair.labels).name
    const names = [pair.id, path.posix.join(path.posix.dirname(pair.id), own), path.posix.basename(pair.id), own]
    const files = [...new Set(names)].flatMap((name) => [`${name}.png`, `${name}.npy`])
    for (const file of files) {
      const found = path.join(this.folder, file)
      if ((await stat(found).catch(() => undefined))?.isFile()) return found
    }
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `No prediction for ${pair.id} in ${this.folder}: looked for ${files.join(', ')}`)
  }

  /** Class indices of a predicted map. @throws ERR_WORDMASK_CLASSES for a value beyond the class list */
  async read(file: string): Promise<ClassMap> {
    const { labels, width, height } = await readLabels(file, this.ids === 'labels' ? this.layout.read : 'grey')
    const { classes, strange } = await toClasses(labels, this.values)
    if (strange.size > 0) throw this.strangeValue(file, Math.max(...strange.keys()))
    return { classes, width, height }
  }

  /** Class indices as they are; 255 (65,535), and what the labels themselves ignore, are no answer. */
  private classValues(): Uint16Array {
    const values = new Uint16Array(65536).fill(outside)
    for (let value = this.classes; value < 65536; value++) if (this.layout.values[value] === ignored) values[value] = ignored
    for (let value = 0; value < this.classes; value++) values[value] = value
    if (this.classes <= 255) values[255] = ignored
    values[65535] = ignored
    return values
  }

  private strangeValue(file: string, value: number): WordmaskError {
    const hint =
      this.ids === 'classes' && this.layout.values[value] !== outside
        ? `, but the data set's own label maps do: if the predictions hold their values, add --pred-ids labels`
        : ''
    return new WordmaskError(
      'ERR_WORDMASK_CLASSES',
      `The prediction ${file} holds the value ${value}, which none of the ${this.classes} classes has${hint}`,
    )
  }
}
