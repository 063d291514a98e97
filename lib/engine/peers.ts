import { WordmaskError } from '../errors'

/** What package.json names as optional peers; the versions that were tested. */
export const peers = { bullmq: '6.7.0', ioredis: '6.0.0' } as const

export type BullMq = typeof import('bullmq')
export type IoRedis = Pick<typeof import('ioredis'), 'Redis'>

/** The libraries of a queue, which only its users install. @throws ERR_WORDMASK_PEER with the line to type */
export async function loadPeers(): Promise<{ bullmq: BullMq; ioredis: IoRedis }> {
  try {
    const [bullmq, ioredis] = await Promise.all([import('bullmq'), import('ioredis')])
    return { bullmq, ioredis }
  } catch (cause) {
    const install = Object.entries(peers)
      .map(([name, version]) => `${name}@${version}`)
      .join(' ')
    throw new WordmaskError(
      'ERR_WORDMASK_PEER',
      `A queue on Redis needs two packages that are not installed here: npm install ${install} (${(cause as Error).message.split('\n', 1)[0]})`,
      { cause },
    )
  }
}
