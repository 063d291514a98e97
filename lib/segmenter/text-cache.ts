import { createHash } from 'node:crypto'
import { WordmaskError } from '../errors'
import type { RunOptions, Tensor } from '../options'
import { SharedTask } from '../task'
import { type ClassEntry, parseClasses, sameName } from '../text/classes'
import type { Templates } from '../text/prompts'
import type { Background } from './options'

/** Text vectors of the latest class sets; a set used by several calls at once is encoded once. */
export class TextCache {
  private readonly entries = new Map<string, SharedTask<Tensor>>()

  constructor(
    private readonly encode: (rows: readonly ClassEntry[], templates: Templates, run: RunOptions) => Promise<Tensor>,
    private readonly size = 16,
  ) {}

  async vectors(rows: readonly ClassEntry[], templates: Templates, signal: AbortSignal | undefined): Promise<Tensor> {
    const key = textKey(rows, templates)
    let entry = this.entries.get(key)
    if (!entry || entry.cancelled) {
      const fresh = new SharedTask((shared) => this.encode(rows, templates, { signal: shared }))
      fresh.result.catch(() => this.entries.get(key) === fresh && this.entries.delete(key))
      entry = fresh
    }
    // Latest last: the first key is the one longest unused.
    this.entries.delete(key)
    this.entries.set(key, entry)
    if (this.entries.size > this.size) this.entries.delete(this.entries.keys().next().value as string)
    return entry.wait(signal)
  }

  /** Puts in vectors that were encoded earlier. */
  add(rows: readonly ClassEntry[], templates: Templates, vectors: Tensor): void {
    this.entries.set(textKey(rows, templates), new SharedTask(async () => vectors))
  }
}

/** The same rows, which nobody changes, are not hashed for every image. */
const digests = new WeakMap<readonly ClassEntry[], string>()

/** Tells apart what was encoded: names, synonyms, prompts, templates. A list of templates is the caller's and may change. */
export function textKey(rows: readonly ClassEntry[], templates: Templates): string {
  let digest = digests.get(rows)
  if (digest === undefined) {
    digest = hashRows(rows)
    digests.set(rows, digest)
  }
  return createHash('sha256').update(JSON.stringify(templates)).update(digest).digest('hex')
}

function hashRows(rows: readonly ClassEntry[]): string {
  const hash = createHash('sha256')
  for (const { name, synonyms, prompts } of rows) hash.update(JSON.stringify([name, synonyms, prompts ?? null]))
  return hash.digest('hex')
}

/**
 * What is compared with every patch: the classes, then the background names and the classes' negatives.
 * @throws ERR_WORDMASK_CLASSES for a background name that is a class, or negatives without a named background
 */
export function textRows(classes: readonly ClassEntry[], background: Background | undefined): ClassEntry[] {
  const negatives = classes.flatMap((entry) => entry.negatives)
  if (!background || !('names' in background)) {
    if (negatives.length === 0) return [...classes]
    const { name } = classes.find((entry) => entry.negatives.length > 0) as ClassEntry
    throw new WordmaskError(
      'ERR_WORDMASK_CLASSES',
      `The class ${JSON.stringify(name)} has negatives, which need a background to fall to: background: { names: [...] }`,
    )
  }
  const known = new Set(classes.flatMap((entry) => [entry.name, ...entry.synonyms]).map(sameName))
  const clash = background.names.find((name) => known.has(sameName(name)))
  if (clash !== undefined) throw new WordmaskError('ERR_WORDMASK_CLASSES', `${JSON.stringify(clash)} is both a class and a background name`)
  const rivals = new Map(
    [...background.names, ...negatives].filter((name) => !known.has(sameName(name))).map((name) => [sameName(name), name]),
  )
  return [...classes, ...parseClasses([...rivals.values()], (i) => `background.names[${i}]`)]
}
