import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { newerFormat, WordmaskError } from '../errors'
import { writeAtomic } from '../run/atomic'

const version = 1
const facts = z.object({ version: z.literal(version), kind: z.literal('labels'), orient: z.boolean() })
const factsFile = (labels: string) => join(labels, 'wordmask.json')

/** Says beside label maps how their images were read. Images upright, as everybody reads them, need no word. */
export async function keepOrientation(labels: string, orient: boolean): Promise<void> {
  if (orient) await rm(factsFile(labels), { force: true })
  else await writeAtomic(factsFile(labels), `${JSON.stringify({ version, kind: 'labels', orient } satisfies z.infer<typeof facts>)}\n`)
}

/**
 * Whether the EXIF orientation of images is to be applied, so that the label maps of this folder lie on them.
 * @throws ERR_WORDMASK_IO where the folder's wordmask.json cannot be understood, ERR_WORDMASK_VERSION for that of a later wordmask
 */
export async function orientationOf(labels: string): Promise<boolean> {
  const file = factsFile(labels)
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined
    throw new WordmaskError('ERR_WORDMASK_IO', `${file} cannot be read (${cause.code})`, { cause })
  })
  if (text === undefined) return true
  const broken = (cause: unknown) =>
    new WordmaskError('ERR_WORDMASK_IO', `${file} does not say how the images of its label maps are to be read: orient, true or false`, {
      cause,
    })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw broken(cause)
  }
  const found = (value as { version?: unknown } | null)?.version
  if (typeof found === 'number' && found > version) throw newerFormat(file, found, version)
  const result = facts.safeParse(value)
  if (!result.success) throw broken(result.error)
  return result.data.orient
}
