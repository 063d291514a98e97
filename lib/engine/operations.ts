import { WordmaskError } from '../errors'
import type { OpenOperation } from './operation'

/** The operations that workers know by name. What each needs is loaded with its first shard. */
const known: Record<string, () => Promise<OpenOperation>> = {
  embed: async () => (await import('./embed.js')).openEmbed,
  'pseudo-label': async () => (await import('../pseudo/operation.js')).openPseudoLabel,
}

/** Makes any operation of this package. @throws ERR_WORDMASK_VERSION for one that only a later wordmask knows */
export const openOperation: OpenOperation = async (spec, options) => {
  const load = known[spec.name]
  if (load === undefined)
    throw new WordmaskError(
      'ERR_WORDMASK_VERSION',
      `This wordmask knows no operation ${JSON.stringify(spec.name)}, only ${Object.keys(known).join(', ')}. Update it: npm install wordmask@latest`,
    )
  return (await load())(spec, options)
}
