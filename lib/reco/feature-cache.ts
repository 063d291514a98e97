import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { binding } from '../binding'
import { WordmaskError } from '../errors'
import type { Tensor } from '../options'
import { makeFolder } from '../setup/make-folder'

const tensorKey = 'features'
const madeBy = 'wordmask.encoder'

/**
 * Dense features of images on the disk, a file an image and encoder: an image that several names share, or that a later build needs
 * again, is read and encoded once. Files are named after content (sha256 of the image) and hold what made them, so that neither
 * another image nor another encoder is ever taken for this one; what is damaged counts as absent.
 */
export class FeatureCache {
  private readonly folder: string

  /** @param encoder identity of the encoder and the size it sees images at */
  constructor(
    root: string,
    private readonly encoder: string,
  ) {
    this.folder = join(root, createHash('sha256').update(encoder).digest('hex').slice(0, 16))
  }

  /** Whether there is a file; whether it is whole, only get() can tell. */
  async has(content: string): Promise<boolean> {
    return (await stat(this.file(content)).catch(() => undefined)) !== undefined
  }

  /** [h, w, channels], or undefined. */
  async get(content: string): Promise<Tensor | undefined> {
    const files = [this.file(content)]
    if (!(await this.has(content))) return undefined
    try {
      const { metadata } = await binding().readCheckpoint(files, {})
      if (metadata[madeBy] !== this.encoder) return undefined
      const features = await binding().readTensor(files, tensorKey, {})
      return features.shape.length === 3 ? features : undefined
    } catch (error) {
      if (damaged.has((error as WordmaskError).code)) return undefined
      throw error
    }
  }

  async put(content: string, { data, shape }: Tensor): Promise<void> {
    const file = this.file(content)
    await makeFolder(join(file, '..')).catch((cause) => {
      throw new WordmaskError('ERR_WORDMASK_IO', `Cannot write ${file}: ${(cause as Error).message}`, { cause })
    })
    await binding().writeSafetensors(file, [{ key: tensorKey, data, shape, dtype: 'float32' }], { [madeBy]: this.encoder }, {})
  }

  private file(content: string): string {
    return join(this.folder, content.slice(0, 2), `${content}.safetensors`)
  }
}

const damaged = new Set(['ERR_WORDMASK_CHECKPOINT', 'ERR_WORDMASK_CHECKPOINT_KEYS', 'ERR_WORDMASK_FILE_NOT_FOUND', 'ERR_WORDMASK_IO'])
