import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { invalidArgument, WordmaskError } from '../../errors'
import { writeAtomic } from '../../run/atomic'

/** What a training follows from beside its options: sha256 of the first weights, fingerprints of the pictures. */
export interface Sources {
  weights: readonly string[]
  pictures: string
  validation: string | null
}

const said: Record<keyof Sources, string> = {
  weights: 'The first weights',
  pictures: 'The pictures or label maps',
  validation: 'The pictures or label maps of the validation set',
}

/** What a training writes, and other programs call their files, too. */
const common = ['model.safetensors', 'last.safetensors', 'data.safetensors']

/**
 * Keeps the sources of a training beside its checkpoint. @throws ERR_WORDMASK_INVALID_ARGUMENT where the checkpoint that is there follows
 * from others, also one of the last step, and where weights are there that no training wrote
 */
export async function keepSources(folder: string, sources: Sources): Promise<void> {
  const file = join(folder, 'sources.json')
  const begun = existsSync(file) || existsSync(join(folder, 'checkpoint.safetensors'))
  const foreign = begun ? undefined : common.find((name) => existsSync(join(folder, name)))
  if (foreign !== undefined)
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      `${folder} holds ${foreign} that no training of wordmask wrote. Train into another folder.`,
    )
  const text = existsSync(join(folder, 'checkpoint.safetensors')) ? await readFile(file, 'utf8').catch(() => undefined) : undefined
  const before = text === undefined ? sources : parse(file, text)
  for (const what of Object.keys(said) as (keyof Sources)[])
    if (JSON.stringify(before[what]) !== JSON.stringify(sources[what]))
      throw new WordmaskError(
        'ERR_WORDMASK_INVALID_ARGUMENT',
        `${said[what]} have changed since the training in ${folder} began. Train into another folder.`,
      )
  await writeAtomic(file, `${JSON.stringify(sources)}\n`)
}

function parse(file: string, text: string): Partial<Sources> {
  try {
    return Object(JSON.parse(text)) as Partial<Sources>
  } catch {
    throw invalidArgument('into', `a folder of an earlier training, or an empty one (${file} is damaged)`, file)
  }
}
