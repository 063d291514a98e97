import { invalidArgument, WordmaskError } from '../errors'
import { nearest } from '../options'
import type { MethodKind } from './method'
import type { Method } from './options'

const kinds: Record<Method, () => Promise<MethodKind>> = {
  maskclip: async () => (await import('./maskclip/maskclip.js')).maskclip,
  reco: async () => (await import('../reco/kind.js')).reco,
  deeplabv3plus: async () => (await import('../deeplab/method.js')).deeplabv3plus,
}

const aliases = new Map<string, Method>([
  ...(Object.keys(kinds) as Method[]).map((name) => [name, name] as const),
  ['denseclip', 'maskclip'],
])

export const methodKind = (method: Method): Promise<MethodKind> => kinds[method]()

/** The method behind a name or its alias. */
export function methodNamed(name: unknown): Method {
  const method = aliases.get(name as string)
  if (method) return method
  const error = invalidArgument('method', "'maskclip' (also called 'denseclip') or 'reco'", name)
  const meant = typeof name === 'string' ? nearest(name, [...aliases.keys()]) : undefined
  throw meant ? new WordmaskError(error.code, `${error.message}. Did you mean '${meant}'?`) : error
}
