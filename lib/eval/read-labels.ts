import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../errors'
import { type LabelMap, readLabelMap } from '../image/labels'
import { decodePng } from '../image/png'
import { npyLabels } from './npy-labels'

/** The label values of a file: palette or grey PNG, NumPy integers, or the red channel of an RGB PNG. */
export async function readLabels(file: string, read: 'grey' | 'red' = 'grey'): Promise<Pick<LabelMap, 'labels' | 'width' | 'height'>> {
  if (path.extname(file).toLowerCase() === '.npy') return npyLabels(file)
  return read === 'red' ? readRed(file) : readLabelMap(file)
}

/** Panoptic maps keep the class in red and the instance in green and blue. */
async function readRed(file: string): Promise<Pick<LabelMap, 'labels' | 'width' | 'height'>> {
  const bytes = await readFile(file).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `The label map ${file} cannot be read (${cause.code})`, { cause })
  })
  const { width, height, data, depth, channels, palette } = await decodePng(bytes).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_IMAGE', `${file} is not a readable PNG: ${cause.message}`, { cause })
  })
  if (depth !== 8 || channels < 3 || palette !== undefined) {
    throw new WordmaskError('ERR_WORDMASK_IMAGE', `${file} has ${channels} channels of ${depth} bits; a panoptic map has RGB of 8 bits`)
  }
  const labels = new Uint8Array(width * height)
  for (let i = 0; i < labels.length; i++) labels[i] = data[i * channels]!
  return { labels, width, height }
}
