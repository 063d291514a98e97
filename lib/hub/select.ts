import { basename } from 'node:path'
import { WordmaskError } from '../errors'

/** Weights of one model, best first: safetensors before pickles, the config that goes with them. */
const layouts: { config: string; weights: string }[] = [
  { config: 'open_clip_config.json', weights: 'open_clip_model.safetensors' },
  { config: 'open_clip_config.json', weights: 'open_clip_pytorch_model.safetensors' },
  { config: 'config.json', weights: 'model.safetensors' },
  { config: 'config.json', weights: 'model.safetensors.index.json' },
  { config: 'open_clip_config.json', weights: 'open_clip_pytorch_model.bin' },
  { config: 'config.json', weights: 'pytorch_model.bin' },
  { config: 'config.json', weights: 'pytorch_model.bin.index.json' },
]

const companions =
  /^(?:README\.md|LICEN[SC]E(?:\.(?:md|txt))?|preprocessor_config\.json|tokenizer\.json|tokenizer_config\.json|vocab\.json|merges\.txt|special_tokens_map\.json)$/i

export interface Selection {
  config: string | undefined
  /** A weight file, or the index of a sharded one (whose shards are named in it). */
  weights: string
  /** Licence, tokenizer and preprocessing files that are there. */
  companions: string[]
}

/** Which files of a repository or snapshot make the model, or undefined where none do. */
export function selectFiles(files: readonly string[]): Selection | undefined {
  const has = new Set(files)
  const beside = files.filter((file) => companions.test(file))
  const layout = layouts.find(({ config, weights }) => has.has(config) && has.has(weights))
  if (layout) return { ...layout, companions: beside }
  // A repository with one lone weight file; several would be a guess.
  for (const pattern of [/^[^/]+\.safetensors$/, /^[^/]+\.(?:pt|pth|bin)$/]) {
    const lone = files.filter((file) => pattern.test(file))
    if (lone.length === 1) return { config: undefined, weights: lone[0] as string, companions: beside }
  }
  return undefined
}

export function isIndex(file: string): boolean {
  return file.endsWith('.index.json')
}

/** File names of the shards that an index lists, each once. @throws ERR_WORDMASK_CHECKPOINT for a damaged index */
export function shardsOf(index: string, text: string): string[] {
  let map: unknown
  try {
    map = (JSON.parse(text) as { weight_map?: unknown }).weight_map
  } catch (cause) {
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${index} is not JSON: ${(cause as Error).message}`, { cause })
  }
  const names = typeof map === 'object' && map !== null ? [...new Set(Object.values(map))].sort() : []
  if (names.length === 0 || !names.every((name): name is string => typeof name === 'string' && basename(name) === name)) {
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${index}: expected weight_map to name files of its folder`)
  }
  return names
}
