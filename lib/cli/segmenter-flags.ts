import type { Command, Option } from 'commander'
import { type Background, flags, type ModelFlags, modelFlags } from './flags'
import { givenRecoFlags, type RecoFlags, recoFlags } from './reco-flags'
import { requireClasses, UsageError } from './usage'

/** Which segmenter is meant, and how it looks at images: what `segment` and `pseudo-label` both take. */
export interface LabellingFlags extends Omit<ModelFlags, 'batchSize'>, RecoFlags {
  classes?: string
  templates?: string
  background?: Background
  model?: string
  method: 'maskclip' | 'denseclip' | 'reco'
  refine?: 'crf' | 'pamr'
  size?: number
  curated?: string
}

export const labellingFlags = (): Option[] => [
  flags.classes(),
  flags.templates(),
  flags.background(),
  flags.savedModel(),
  ...modelFlags(),
  flags.method('reco'),
  ...recoFlags(),
  flags.refine(),
  flags.size(),
]

/**
 * Before anything is opened. @param what the images may be, beside --curated @param named whether a curated set has names enough
 * @throws UsageError for neither or both, for names that are missing, and for flags that would change nothing
 */
export function checkLabelling(inputs: string[], options: LabellingFlags, command: Command, what: string, named: boolean): void {
  const { curated, model, method } = options
  if ((inputs.length === 0) === (curated === undefined)) throw new UsageError(`Expected either ${what} or --curated DIR`)
  if (model === undefined && !(named && curated !== undefined)) requireClasses(options)
  const [unused] = [
    ...(model !== undefined && command.getOptionValueSource('method') === 'cli' ? ['--method'] : []),
    ...(model !== undefined || method !== 'reco' ? givenRecoFlags(options) : []),
  ]
  if (unused === undefined) return
  throw new UsageError(
    model === undefined
      ? `${unused} is for --method reco: leave it out, or say --method reco`
      : `--model names a saved segmenter, which was made with a way of its own: leave out ${unused}`,
  )
}
