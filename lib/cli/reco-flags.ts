import { InvalidArgumentError, Option } from 'commander'
import type { RecoOptions } from '../index'
import { officialContexts } from '../reco/contexts'
import { integer, text } from './flags'

/** What `wordmask reco build` and `wordmask segment --method reco` both take. */
export interface RecoFlags {
  archive?: string
  k?: number | 'auto'
  window?: 'official' | 'perImage'
  contexts?: string[]
  denseClip?: string
  encoder?: string
  guidance: boolean
  elimination: boolean
  referenceSize?: number
  groupBy?: string
  perGroup?: number
}

const option = (form: string, what: string) => new Option(form, what).helpGroup('ReCo:')

export const recoFlags = (): Option[] => [
  option('--archive <archive>', 'the pool that images of a name are taken from: folder or s3:// of an archive').argParser(text),
  option('--k <n>', 'images of a name; or auto: those that pass the presence test, at most 50 (default: 50)').argParser(k),
  option('--window <kind>', 'what a place is matched with: official, as in the published figures, or perImage (default: official)').choices(
    ['official', 'perImage'],
  ),
  option(
    '--contexts <names>',
    'what comes with things and is no part of them, in order (default: tree,sky,building,road,person)',
  ).argParser(names),
  option('--dense-clip <model>', "the CLIP that names are compared with cell by cell (default: the archive's)").argParser(text),
  option('--encoder <model>', 'whose features are co-segmented (default: the dense CLIP)').argParser(text),
  option('--no-guidance', 'do not weigh places by their likeness to the name'),
  option('--no-elimination', 'do not turn away from contexts'),
  option('--reference-size <pixels>', "side of the square that reference images are seen as (default: the models' own)").argParser(
    integer(16, 4096),
  ),
  option(
    '--group-by <column>',
    'of images of one group (camera, site, burst; or: folder) few are taken: what they share is no thing',
  ).argParser(text),
  option('--per-group <n>', 'images of a group, with --group-by (default: 1)').argParser(integer(1, 1000)),
]

/** Those that were typed, the archive aside: without ReCo they would change nothing. */
export function givenRecoFlags({ guidance, elimination, ...flags }: RecoFlags): string[] {
  const { k, window, contexts, denseClip, encoder, referenceSize, groupBy, perGroup } = flags
  const values = {
    ...{ '--k': k, '--window': window, '--contexts': contexts, '--dense-clip': denseClip, '--encoder': encoder },
    ...{ '--reference-size': referenceSize, '--group-by': groupBy, '--per-group': perGroup },
    ...{ '--no-guidance': guidance ? undefined : true, '--no-elimination': elimination ? undefined : true },
  }
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [name]))
}

/** The same as options of Segmenter.create. */
export function recoOptions(flags: RecoFlags): Omit<RecoOptions, 'method' | 'archive'> {
  const { k: images, window, contexts, denseClip, encoder, guidance, elimination, referenceSize, groupBy, perGroup } = flags
  const retrieve = { ...(groupBy !== undefined && { groupBy }), ...(perGroup !== undefined && { perGroup }) }
  return {
    ...(images !== undefined && { k: images }),
    ...(window !== undefined && { window }),
    ...(contexts !== undefined && { contexts }),
    ...(denseClip !== undefined && { denseClip }),
    ...(encoder !== undefined && { encoder }),
    ...(referenceSize !== undefined && { referenceSize }),
    ...(Object.keys(retrieve).length > 0 && { retrieve }),
    guidance,
    elimination,
  }
}

function k(value: string): number | 'auto' {
  if (value === 'auto') return value
  const number = Number(value)
  if (Number.isInteger(number) && number >= 1 && number <= 1000) return number
  throw new InvalidArgumentError('Expected a whole number from 1 to 1000, or auto.')
}

function names(value: string): string[] {
  const list = value.split(',').map((name) => name.trim())
  if (list.every((name) => name !== '')) return list
  throw new InvalidArgumentError('Expected names with commas between: tree,sky. For none at all: --no-elimination.')
}

/** What to type where the model does not know contexts that nobody named. */
export function sayContexts(error: unknown, given: readonly string[] | undefined): string | undefined {
  const { code, message } = error as { code?: string; message: string }
  const unknown = code === 'ERR_WORDMASK_VOCABULARY' ? officialContexts.filter((name) => message.includes(JSON.stringify(name))) : []
  if (given !== undefined || unknown.length === 0) return undefined
  const known = officialContexts.filter((name) => !unknown.includes(name))
  const flag = known.length > 0 ? `--contexts "${known.join(',')}"` : '--no-elimination'
  return `the same command with ${flag}: ${unknown.join(', ')} are contexts unless others are named`
}
