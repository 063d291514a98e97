import { type ClassEntry, parseClasses, sameName } from '../text/classes'

/** What surrounds things; references are built in this order, each turned away from the ones before it. */
export const officialContexts = ['tree', 'sky', 'building', 'road', 'person'] as const

/** Names that are a context under another word: they take its reference. */
const aliases = new Map([['vegetation', 'tree']])

/** Names near enough to a context that elimination suppresses their own pixels (methods/reco.md 7.6). */
const nearSynonyms: Record<string, readonly string[]> = {
  tree: ['trees', 'plant', 'bush', 'forest', 'wood', 'palm', 'foliage', 'leaves', 'hedge'],
  sky: ['skies', 'cloud', 'clouds', 'air', 'sunset'],
  building: ['buildings', 'house', 'skyscraper', 'tower', 'church', 'castle', 'hut', 'barn', 'facade', 'wall'],
  road: ['roads', 'street', 'highway', 'path', 'pavement', 'lane', 'asphalt', 'sidewalk'],
  person: ['persons', 'people', 'man', 'woman', 'boy', 'girl', 'child', 'rider', 'pedestrian', 'human', 'player'],
}

/** Contexts as names of their own. @throws ERR_WORDMASK_CLASSES for one that comes twice */
export function contextEntries(contexts: readonly string[]): readonly ClassEntry[] {
  return contexts.length === 0 ? [] : parseClasses(contexts, (i) => `contexts[${i}]`)
}

/** The context whose reference a name takes: its own, or the one it is another word for. */
export function contextOf(name: string, contexts: readonly ClassEntry[]): ClassEntry | undefined {
  const own = sameName(name)
  return contexts.find((context) => sameName(context.name) === own || sameName(context.name) === aliases.get(own))
}

/** The context that is likely to suppress a name, though the name is none: "sky other", "clouds", "rider". */
export function suppressedBy(name: string, contexts: readonly ClassEntry[]): string | undefined {
  if (contextOf(name, contexts)) return undefined
  const words = sameName(name).split(' ')
  return contexts.find((context) => {
    const own = sameName(context.name)
    return words.some((word) => word === own || nearSynonyms[own]?.includes(word))
  })?.name
}

const warned = new Set<string>()

/** Says once a process that a name is likely to be suppressed. */
export function warnOfSuppression(names: Iterable<string>, contexts: readonly ClassEntry[]): void {
  for (const name of names) {
    const context = suppressedBy(name, contexts)
    if (context === undefined || warned.has(`${name}\n${context}`)) continue
    warned.add(`${name}\n${context}`)
    process.emitWarning(
      `"${name}" is near to the context "${context}", which context elimination turns references away from: what both share is suppressed. ` +
        `Give it the context's name, leave the context out (contexts: [...]), or set elimination: false.`,
      { type: 'WordmaskWarning', code: 'WORDMASK_CONTEXT' },
    )
  }
}

/** Says once that references are not turned away from a context that the archive does not show. */
export function warnOfAbsent(context: string, why: string): void {
  process.emitWarning(`The context "${context}" has no reference and is left out: ${why}`, {
    type: 'WordmaskWarning',
    code: 'WORDMASK_CONTEXT',
  })
}
