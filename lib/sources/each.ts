import { isObject } from '../arguments'
import { WordmaskError } from '../errors'
import { describeResults } from '../run/results'
import { normalUri } from '../storage/uri'
import { inputsOf, resolveSource } from './resolve'
import { Taken } from './taken'
import type { Context, Source, SourceInput } from './types'

/** What came of one source. */
export interface Seen {
  images: number
  rejects: number
  /** Given by an earlier source. */
  repeats: number
  first?: string
}

interface Turn {
  source: Source
  /** Counts what the source gives; whoever takes it counts the images. */
  seen: Seen
  context: Context
}

/**
 * The sources one after the other, an image that several of them have only by the first. Which folders were left out is told when all
 * are through.
 * @throws ERR_WORDMASK_FILE_NOT_FOUND for one that gave nothing, which is known when the next is asked for
 */
export async function* eachSource(sources: SourceInput | readonly SourceInput[], context: Context): AsyncGenerator<Turn, void, undefined> {
  const inputs = distinct(inputsOf(sources))
  const taken = new Taken()
  for (const input of inputs) {
    const source = await resolveSource(input)
    const seen: Seen = { images: 0, rejects: 0, repeats: 0 }
    yield { source, seen, context: { ...context, ...counted(context, taken, seen) } }
    if (seen.images + seen.rejects + seen.repeats === 0) throw nothingIn(source, context)
    source.claim?.(taken)
  }
  const named = new Set(inputs.map(uriOf))
  const leftOut = [...context.leftOut].filter((folder) => !named.has(folder))
  if (leftOut.length > 0) context.onNotice(describeResults(leftOut))
}

function counted(context: Context, taken: Taken, seen: Seen): Pick<Context, 'onReject' | 'isRepeated'> {
  return {
    onReject: (reject) => {
      seen.rejects++
      context.onReject(reject)
    },
    isRepeated: (uri) => {
      const repeated = taken.has(uri, context.leftOut)
      if (repeated) seen.repeats++
      return repeated
    },
  }
}

/** What is named twice in the same way. */
function distinct(inputs: readonly SourceInput[]): SourceInput[] {
  const key = (input: SourceInput) => {
    const uri = uriOf(input)
    return uri === undefined ? input : JSON.stringify({ ...(typeof input === 'object' && input), uri })
  }
  return [...new Map(inputs.map((input) => [key(input), input])).values()]
}

/** Undefined where it has none, or none that can be read, which is said when its turn comes. */
function uriOf(input: SourceInput): string | undefined {
  const uri: unknown = isObject(input) ? input.uri : input
  try {
    return typeof uri === 'string' ? normalUri(uri) : undefined
  } catch {
    return undefined
  }
}

function nothingIn({ name, looked }: Source, { leftOut }: Context): WordmaskError {
  const results = leftOut.size > 0 ? `, and ${describeResults([...leftOut])}` : ''
  return new WordmaskError(
    'ERR_WORDMASK_FILE_NOT_FOUND',
    `There is no image in ${name}. Looked for ${looked}; what is hidden (.name) is left out${results}`,
  )
}
