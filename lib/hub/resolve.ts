import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { WordmaskError } from '../errors'
import { RepositoryCache } from './cache'
import { parseModelId, requireModelId } from './ids'
import { isIndex, selectFiles, shardsOf } from './select'
import { type HubSettings, hubSettings } from './settings'

/** A pulled model on disk. */
export interface ResolvedModel {
  id: string
  /** Snapshot folder, or the file itself for OpenAI's. */
  path: string
  /** Weight files; shards in order. */
  files: string[]
  configFile: string | undefined
}

/**
 * The folder or file of a pulled ID, or undefined where it is no ID or was not pulled in whole. Nothing is downloaded.
 * huggingface_hub's downloads count too: the cache is shared.
 */
export async function findPulled(id: string, settings: HubSettings = hubSettings()): Promise<string | undefined> {
  return (await find(id, settings))?.path
}

/** As findPulled, with its files. @throws ERR_WORDMASK_MODEL_NOT_FOUND whose message is the line to type */
export async function resolveModel(id: string, settings: HubSettings = hubSettings()): Promise<ResolvedModel> {
  const found = await find(id, settings)
  if (found) return found
  requireModelId(id)
  throw new WordmaskError('ERR_WORDMASK_MODEL_NOT_FOUND', `${id} has not been downloaded. Run: npx wordmask model pull ${id}`)
}

async function find(id: string, settings: HubSettings): Promise<ResolvedModel | undefined> {
  const model = parseModelId(id)
  if (!model) return undefined
  if (model.kind === 'openai') {
    const file = join(settings.openaiCache, model.file)
    return existsSync(file) ? { id, path: file, files: [file], configFile: undefined } : undefined
  }
  const cache = new RepositoryCache(settings.cache, model.repo)
  const commit = await cache.commit(model.revision)
  if (commit === undefined) return undefined
  const names = await cache.files(commit)
  const selection = selectFiles(names)
  if (!selection) return undefined
  const folder = cache.snapshot(commit)
  const weights = isIndex(selection.weights) ? await shards(folder, selection.weights) : [selection.weights]
  if (!weights.every((name) => names.includes(name))) return undefined
  return {
    id,
    path: folder,
    files: weights.map((name) => join(folder, name)),
    configFile: selection.config && join(folder, selection.config),
  }
}

async function shards(folder: string, index: string): Promise<string[]> {
  const names = shardsOf(index, await readFile(join(folder, index), 'utf8'))
  return names.map((name) => join(dirname(index), name))
}
