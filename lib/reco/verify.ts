import { WordmaskError } from '../errors'
import type { ClassEntry } from '../text/classes'
import type { Made } from './assemble'
import { contextOf } from './contexts'
import type { DenseEncoder } from './encoder'
import { makingKey, makingOf, referenceSide } from './making'
import { entryKey, type Reference } from './reference'
import type { SavedReco } from './saved'

/**
 * Whether the references of a folder were made as its wordmask.json says, by these models: asked where no archive is there to make
 * others. Those of further names that were made otherwise, by an earlier build, are forgotten, so that no call is answered by them.
 * @throws ERR_WORDMASK_CHECKPOINT naming those of `rows` that were not
 */
export function checkReferences(folder: string, made: Made, identity: SavedReco['reco']['identity'], rows: readonly ClassEntry[]): void {
  const { clip, dense, encoder, settings, contexts, references, retrieval } = made
  const seen = (by: DenseEncoder, saved: string) => ({ identity: saved, side: referenceSide(by, settings) })
  const making = makingOf(seen(encoder, identity.encoder), seen(dense, identity.clip), clip, retrieval, settings)
  const before: Reference[] = []
  const other: string[] = []
  const check = (entry: ClassEntry): Reference | undefined => {
    const held = references.get(entry)
    if (held && held.about.making !== makingKey(making, before)) other.push(entry.name)
    return held
  }
  for (const context of contexts) {
    const held = check(context)
    if (held) before.push(held)
  }
  for (const row of rows) if (!contextOf(row.name, contexts)) check(row)
  if (other.length === 0) {
    const key = makingKey(making, before)
    const ofContexts = new Set(contexts.map(entryKey))
    references.only(({ about }) => ofContexts.has(about.entry) || about.making === key)
    return
  }
  const names = other.slice(0, 5).map((name) => JSON.stringify(name))
  throw new WordmaskError(
    'ERR_WORDMASK_CHECKPOINT',
    `${folder} does not fit together: the references of ${names.join(', ')}${other.length > 5 ? ` and ${other.length - 5} more` : ''} were not made as its wordmask.json says (models, k, window, contexts and their order, prompts). Build it again: the same \`wordmask reco build\` makes what is stale.`,
  )
}
