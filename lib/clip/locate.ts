import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { WordmaskError } from '../errors'

/** The files of one checkpoint and what lies beside them. */
export interface Located {
  /** Shards in order; one file for most. */
  files: string[]
  /** Config beside the weights, parsed. */
  config: { kind: 'huggingface' | 'open_clip'; file: string; json: Record<string, unknown> } | undefined
  /** preprocessor_config.json of transformers, parsed. */
  preprocessor: Record<string, unknown> | undefined
  /** Licence recorded beside the weights. */
  licence: string | undefined
}

const openClipWeights = ['open_clip_model.safetensors', 'open_clip_pytorch_model.safetensors', 'open_clip_pytorch_model.bin']
const huggingFaceWeights = ['model.safetensors', 'model.safetensors.index.json', 'pytorch_model.bin', 'pytorch_model.bin.index.json']

/** A file or folder that exists. @throws ERR_WORDMASK_MODEL_NOT_FOUND for a folder without a model */
export async function locate(path: string): Promise<Located> {
  return (await stat(path)).isDirectory() ? locateFolder(path) : locateFile(path)
}

async function locateFolder(folder: string): Promise<Located> {
  const has = (name: string) => existsSync(join(folder, name))
  const openClip = has('open_clip_config.json') ? openClipWeights.find(has) : undefined
  if (openClip) return describe(folder, [join(folder, openClip)], 'open_clip')
  const huggingFace = has('config.json') ? huggingFaceWeights.find(has) : undefined
  if (huggingFace) return describe(folder, await shards(join(folder, huggingFace)), 'huggingface')
  // What `wordmask train segmenter` wrote, which keeps its last weights and its checkpoint, too.
  if (has('wordmask.json') && has('model.safetensors')) return describe(folder, [join(folder, 'model.safetensors')], undefined)
  const names = await readdir(folder)
  const weights = names.filter((name) => /\.(safetensors|pt|pth|bin)$/.test(name))
  if (weights.length === 1) return describe(folder, [join(folder, weights[0] as string)], undefined)
  const found =
    weights.length === 0
      ? `it holds ${names.slice(0, 6).join(', ') || 'nothing'}`
      : `it holds ${weights.length} weight files: name one of ${weights.slice(0, 6).join(', ')}`
  throw new WordmaskError(
    'ERR_WORDMASK_MODEL_NOT_FOUND',
    `${folder} holds no model: expected open_clip_config.json with ${openClipWeights[0]}, config.json with model.safetensors or pytorch_model.bin, or one weight file; ${found}.`,
  )
}

/** A lone file takes the config beside it only when it has the name that goes with it: folders hold unrelated files too. */
async function locateFile(file: string): Promise<Located> {
  const folder = dirname(file)
  const name = basename(file)
  if (name.endsWith('.index.json')) return describe(folder, await shards(file), 'huggingface')
  if (openClipWeights.includes(name) && existsSync(join(folder, 'open_clip_config.json'))) return describe(folder, [file], 'open_clip')
  if (huggingFaceWeights.includes(name) && existsSync(join(folder, 'config.json'))) return describe(folder, [file], 'huggingface')
  return describe(folder, [file], undefined)
}

async function describe(folder: string, files: string[], kind: 'huggingface' | 'open_clip' | undefined): Promise<Located> {
  const file = kind && join(folder, kind === 'open_clip' ? 'open_clip_config.json' : 'config.json')
  const preprocessor = join(folder, 'preprocessor_config.json')
  return {
    files,
    config: kind && { kind, file: file as string, json: await readJson(file as string) },
    preprocessor: kind === 'huggingface' && existsSync(preprocessor) ? await readJson(preprocessor) : undefined,
    licence: await licenceIn(folder),
  }
}

async function shards(weights: string): Promise<string[]> {
  if (!weights.endsWith('.index.json')) return [weights]
  const map = (await readJson(weights)).weight_map
  const names = typeof map === 'object' && map !== null ? [...new Set(Object.values(map))].sort() : []
  if (names.length === 0 || !names.every((name): name is string => typeof name === 'string' && basename(name) === name)) {
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${weights}: expected weight_map to name files of its folder`)
  }
  return names.map((name) => join(dirname(weights), name))
}

async function readJson(file: string): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
    throw new Error('expected an object')
  } catch (cause) {
    throw new WordmaskError('ERR_WORDMASK_CHECKPOINT', `${file} is not a JSON object: ${(cause as Error).message}`, { cause })
  }
}

/** `license:` of a model card's front matter, or the first line of a licence file. */
async function licenceIn(folder: string): Promise<string | undefined> {
  const read = (name: string) => readFile(join(folder, name), 'utf8').catch(() => undefined)
  const card = /^---\n([\s\S]*?)\n---/.exec((await read('README.md')) ?? '')?.[1]
  const named = card && /^licen[sc]e:\s*(\S.*)$/m.exec(card)?.[1]?.trim()
  if (named) return named
  for (const name of ['LICENSE', 'LICENSE.txt', 'LICENSE.md', 'LICENCE']) {
    const line = (await read(name))?.split('\n').find((text) => text.trim() !== '')
    if (line) return line.trim().slice(0, 120)
  }
  return undefined
}
