import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { WordmaskError } from '../errors'
import { RepositoryCache } from './cache'
import { type ModelId, requireModelId } from './ids'
import { fetchAll, fetchOne, type Item, planItems, requireSpace } from './items'
import { type Connection, type FileFacts, fileUrl, readFileFacts, readRevision } from './repository'
import { findPulled } from './resolve'
import { isIndex, selectFiles, shardsOf } from './select'
import { type HubSettings, hubSettings } from './settings'
import { digestOf, sizeOf } from './transfer'

/** What is about to be downloaded; known before the first byte of it. */
export interface PullPlan {
  id: string
  /** Where it comes from: the page of the repository, or the file's address. */
  source: string
  licence: string | undefined
  files: { name: string; size: number | undefined; cached: boolean }[]
  /** Bytes that are not in the cache yet, as far as the server says. */
  bytes: number
}

export interface PullOptions {
  /** Called once, before anything of the model is downloaded: show the licence here. */
  onPlan?: (plan: PullPlan) => void
  /** Bytes so far and in all, of what was not in the cache. */
  onProgress?: (done: number, total: number, file: string) => void
  log?: (line: string) => void
  signal?: AbortSignal
  /** Default: from the environment. */
  settings?: HubSettings
  /** Further attempts after a broken connection, 5xx or 429. Default 4. */
  retries?: number
  /** Milliseconds before the first further attempt, doubled each time. Default 1000. */
  retryDelay?: number
  /** Milliseconds without a byte after which a connection counts as broken. Default 60000. */
  stallTimeout?: number
}

export interface PulledModel {
  id: string
  /** Folder or file to load. */
  path: string
  licence: string | undefined
}

/**
 * Brings a model into the cache, and only what it needs of it. What is there already is not fetched again; what was interrupted
 * goes on where it stopped. Errors: ERR_WORDMASK_MODEL_NOT_FOUND (no such ID), ERR_WORDMASK_DOWNLOAD, ERR_WORDMASK_IO,
 * ERR_WORDMASK_ABORTED.
 */
export async function pullModel(id: string, options: PullOptions = {}): Promise<PulledModel> {
  const model = requireModelId(id)
  const settings = options.settings ?? hubSettings()
  if (settings.offline) return offline(model, settings)
  const connection = {
    ...{ settings, id, signal: options.signal, log: options.log },
    ...{ retries: options.retries ?? 4, retryDelay: options.retryDelay ?? 1000, stallTimeout: options.stallTimeout ?? 60_000 },
  }
  if (model.kind === 'openai') return pullOpenAi(model, connection, options)
  return pullRepository({ ...connection, repo: model.repo, revision: model.revision }, options)
}

async function offline(model: ModelId, settings: HubSettings): Promise<PulledModel> {
  const path = await findPulled(model.id, settings)
  if (path !== undefined) return { id: model.id, path, licence: undefined }
  throw new WordmaskError(
    'ERR_WORDMASK_DOWNLOAD',
    `${model.id} is not in the cache and HF_HUB_OFFLINE is set. Run: HF_HUB_OFFLINE=0 npx wordmask model pull ${model.id}`,
  )
}

async function pullRepository(at: Connection, options: PullOptions): Promise<PulledModel> {
  const cache = new RepositoryCache(at.settings.cache, at.repo)
  const { commit, files, licence, gated } = await readRevision(at)
  const selection = selectFiles(files)
  if (!selection) {
    const found = files.slice(0, 8).join(', ') || 'nothing'
    throw new WordmaskError(
      'ERR_WORDMASK_DOWNLOAD',
      `${at.id}: ${at.repo} holds no model that wordmask reads: expected open_clip_config.json or config.json with weights, or one weight file; it holds ${found}`,
    )
  }
  const facts = new Map<string, FileFacts>()
  const item = async (name: string): Promise<Item> => {
    const { etag, size } = await readFileFacts(at, commit, name)
    facts.set(name, { etag, size })
    return {
      name,
      url: fileUrl(at, commit, name),
      file: cache.blob(etag),
      incomplete: `${cache.blob(etag)}.incomplete`,
      facts: { size, digest: etag },
    }
  }
  const link = (one: Item) => cache.link(commit, one.name, (facts.get(one.name) as FileFacts).etag)
  const small: Item[] = []
  for (const name of selection.companions) small.push(await item(name))
  if (selection.config) small.push(await item(selection.config))
  const large: Item[] = []
  if (isIndex(selection.weights)) {
    // An index is small and names what is to come, so it is fetched before the plan is made; its link comes last.
    const index = await item(selection.weights)
    await fetchAll([index], at)
    for (const name of shardsOf(index.name, await readFile(index.file, 'utf8'))) large.push(await item(join(dirname(index.name), name)))
    large.push(index)
  } else {
    large.push(await item(selection.weights))
  }
  const all = [...small, ...large]
  const source = `${at.settings.endpoint}/${at.repo}${gated ? ' (gated)' : ''}`
  const { files: planned, bytes } = await planItems(all)
  options.onPlan?.({ id: at.id, source, licence, files: planned, bytes })
  await requireSpace(at.id, dirname((all[0] as Item).file), bytes)
  await fetchAll(all, at, options.onProgress)
  // The link of the weights is what makes a snapshot complete: it comes last.
  for (const one of all) await link(one)
  await cache.setRef(at.revision, commit)
  return { id: at.id, path: cache.snapshot(commit), licence }
}

async function pullOpenAi(
  model: ModelId & { kind: 'openai' },
  connection: Omit<Connection, 'repo' | 'revision'>,
  options: PullOptions,
): Promise<PulledModel> {
  const { settings } = connection
  const file = join(settings.openaiCache, model.file)
  const url = settings.openai ? `${settings.openai}/${model.sha256}/${model.file}` : model.url
  const there = (await sizeOf(file)) > 0 && (await digestOf(file, 'sha256')) === model.sha256
  const one: Item = { name: model.file, url, file, incomplete: `${file}.incomplete`, facts: { size: undefined, digest: model.sha256 } }
  options.onPlan?.({
    id: model.id,
    source: url,
    licence: model.licence,
    files: [{ name: model.file, size: undefined, cached: there }],
    bytes: 0,
  })
  // No token: it belongs to the Hub.
  const stranger = { ...connection, settings: { ...settings, token: undefined } }
  if (!there) await fetchOne(one, stranger, (done, total) => options.onProgress?.(done, total ?? 0, one.name))
  return { id: model.id, path: file, licence: model.licence }
}
