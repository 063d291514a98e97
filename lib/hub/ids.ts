import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { WordmaskError } from '../errors'
import { modelsFolder } from '../folders'

/** What an ID of `model pull` stands for. */
export type ModelId =
  | { kind: 'hub'; id: string; repo: string; revision: string }
  | { kind: 'openai'; id: string; name: string; url: string; sha256: string; file: string; licence: string }

interface HubTable {
  openai: { endpoint: string; licence: string; models: Record<string, { path: string; aliases: string[] }> }
  /** open_clip's `architecture/pretrained` -> repository on the Hub. */
  pairs: Record<string, string>
}

let table: HubTable | undefined

function hubTable(): HubTable {
  table ??= JSON.parse(readFileSync(join(modelsFolder, 'hub.json'), 'utf8')) as HubTable
  return table
}

const name = /^[\w][\w.-]*$/
const prefix = /^(?:hf-hub|hf):/

/**
 * `hf-hub:org/repo[@revision]` (or `hf:`), an open_clip pair `ViT-B-32/laion2b_s34b_b79k` or an OpenAI name `ViT-B/16`; undefined
 * for anything else. @throws ERR_WORDMASK_MODEL_NOT_FOUND for a malformed repository behind `hf-hub:`
 */
export function parseModelId(id: string): ModelId | undefined {
  const { openai, pairs } = hubTable()
  if (prefix.test(id)) return repository(id)
  if (Object.hasOwn(pairs, id)) return { kind: 'hub', id, repo: pairs[id] as string, revision: 'main' }
  for (const [official, { path, aliases }] of Object.entries(openai.models)) {
    if (official !== id && !aliases.includes(id)) continue
    // OpenAI's addresses carry the digest of the file: <sha256>/<file>.
    const sha256 = path.slice(0, path.indexOf('/'))
    return { kind: 'openai', id, name: official, url: `${openai.endpoint}/${path}`, sha256, file: basename(path), licence: openai.licence }
  }
  return undefined
}

function repository(id: string): ModelId {
  const [path = '', revision = 'main', ...more] = id.replace(prefix, '').split('@')
  const parts = path.split('/')
  const sound = parts.length <= 2 && parts.every((part) => name.test(part) && !part.includes('..')) && more.length === 0
  if (!sound || !/^[\w][\w./-]*$/.test(revision) || revision.includes('..')) {
    throw new WordmaskError(
      'ERR_WORDMASK_MODEL_NOT_FOUND',
      `Expected hf-hub:org/repo or hf-hub:org/repo@revision but received ${JSON.stringify(id)}`,
    )
  }
  return { kind: 'hub', id, repo: path, revision }
}

/** Licence of a file of OpenAI's by its name; undefined for other files. */
export function openAiLicence(file: string): string | undefined {
  const { licence, models } = hubTable().openai
  return Object.values(models).some(({ path }) => basename(path) === basename(file)) ? licence : undefined
}

/** Every ID that is known by name: OpenAI's, then open_clip's pairs. */
export function knownIds(): string[] {
  const { openai, pairs } = hubTable()
  return [...Object.keys(openai.models), ...Object.keys(pairs)]
}

/** As parseModelId, for a command that must have one. @throws ERR_WORDMASK_MODEL_NOT_FOUND with what there is */
export function requireModelId(id: string): ModelId {
  const parsed = parseModelId(id)
  if (parsed) return parsed
  const near = knownIds().filter((known) => alike(known, id))
  const hint = near.length > 0 ? `Near it: ${near.slice(0, 8).join(', ')}.` : `Named ones: ${knownIds().slice(0, 12).join(', ')} ...`
  const repo = /^[\w.-]+\/[\w.-]+$/.test(id) ? ` A repository of the Hub is written hf-hub:${id}.` : ''
  throw new WordmaskError(
    'ERR_WORDMASK_MODEL_NOT_FOUND',
    `No model ${JSON.stringify(id)}: expected hf-hub:org/repo[@revision], an open_clip pair such as ViT-B-32/laion2b_s34b_b79k or an OpenAI name such as ViT-B/16. ${hint}${repo}`,
  )
}

/** Same letters and digits at the start, whatever the punctuation: ViT-B16 is meant to be ViT-B/16. */
function alike(known: string, id: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  const wanted = plain(id)
  return wanted.length >= 3 && (plain(known).startsWith(wanted) || wanted.startsWith(plain(known)))
}
