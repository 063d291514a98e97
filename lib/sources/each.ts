import { WordmaskError } from '../errors'
import { describeResults } from '../run/results'
import { normalUri } from '../storage/uri'
import { inputsOf, resolveSource } from './resolve'
import type { Context, Source, SourceInput } from './types'

/** What came of one source. */
export interface Seen {
  images: number
  rejects: number
  first?: string
}

interface Turn {
  source: Source
  /** Counts what the source gives; whoever takes it counts the images. */
  seen: Seen
  context: Context
}

/**
 * The sources one after the other. Which folders were left out is told when all are through.
 * @throws ERR_WORDMASK_FILE_NOT_FOUND for one that gave nothing, which is known when the next is asked for
 */
export async function* eachSource(sources: SourceInput | readonly SourceInput[], context: Context): AsyncGenerator<Turn, void, undefined> {
  const inputs = inputsOf(sources)
  for (const input of inputs) {
    const source = await resolveSource(input)
    const seen: Seen = { images: 0, rejects: 0 }
    yield { source, seen, context: { ...context, onReject: counted(context, seen) } }
    if (seen.images === 0 && seen.rejects === 0) throw nothingIn(source, context)
  }
  const named = new Set(inputs.map(uriOf))
  const leftOut = [...context.leftOut].filter((folder) => !named.has(folder))
  if (leftOut.length > 0) context.onNotice(describeResults(leftOut))
}

function counted(context: Context, seen: Seen): Context['onReject'] {
  return (reject) => {
    seen.rejects++
    context.onReject(reject)
  }
}

function uriOf(input: SourceInput): string | undefined {
  if (typeof input === 'string') return normalUri(input)
  return 'uri' in input ? normalUri(input.uri) : undefined
}

function nothingIn({ name, looked }: Source, { leftOut }: Context): WordmaskError {
  const results = leftOut.size > 0 ? `, and ${describeResults([...leftOut])}` : ''
  return new WordmaskError(
    'ERR_WORDMASK_FILE_NOT_FOUND',
    `There is no image in ${name}. Looked for ${looked}; what is hidden (.name) is left out${results}`,
  )
}
