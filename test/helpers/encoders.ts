import { readFileSync } from 'node:fs'
import type { EncoderConfig, EncoderVitConfig } from '../../binding'
import { goldenFile } from './golden'

export interface EncoderGolden {
  config: EncoderConfig
  /** Relative error of the public implementation for each set of images, and its change under a wrong formula. */
  float32: number[]
  bfloat16: number[]
  mutations: Record<string, number[]>
}

export function encoderGolden(name: string): EncoderGolden {
  const read = JSON.parse(readFileSync(goldenFile(`encoders/${name}.json`), 'utf8'))
  if (read.version !== 1) throw new Error(`${name}.json has version ${read.version}, expected 1; run \`npm run fixtures\``)
  return read
}

/** Key -> shape of an official file, as the public implementation has it. */
export function officialKeys(name: string): Map<string, number[]> {
  const lines = readFileSync(goldenFile(`encoders/keys/${name}.txt`), 'utf8')
    .trim()
    .split('\n')
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), JSON.parse(line.slice(line.indexOf(' ')))]))
}

export function vitOf(config: EncoderConfig): EncoderVitConfig & { prefix: string } {
  if (config.kind !== 'vit') throw new Error('expected a ViT')
  return config
}

/** DeiT of one narrow layer: cells of 16, pixels that fill none are dropped. */
export const tinyDeit: EncoderVitConfig & { prefix: string } = {
  ...{ kind: 'vit', prefix: '', imageSize: 224, patchSize: 16, width: 64, layers: 1, heads: 1, mlpWidth: 128, layerNormEps: 1e-6 },
  ...{ distilled: true, registers: 0, layerScale: false, partial: 'drop', positions: { offset: 0, antialias: false, byCount: true } },
}
