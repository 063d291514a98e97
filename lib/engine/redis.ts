import type { Redis } from 'ioredis'
import { WordmaskError } from '../errors'
import { type BullMq, loadPeers } from './peers'
import type { QueueOptions } from './queue-options'
import { parseRedisUrl, type RedisAddress } from './redis-url'

/** A command that the server has not answered for so long has failed; storage is looked after in the meantime. */
const commandTimeout = 10_000

/** A Redis server that was reached, and what talks to it. */
export interface QueueServer {
  bullmq: BullMq
  client: Redis
  /** For connections of their own, which wait as long as the server is away. */
  connection: Record<string, unknown>
  prefix: string
  /** Without password. */
  shown: string
  warn: (message: string) => void
  close(): Promise<void>
}

/** @throws ERR_WORDMASK_PEER with what to install, ERR_WORDMASK_QUEUE where no server answers, ERR_WORDMASK_INVALID_ARGUMENT */
export async function connectQueue({ url, ca, prefix = 'wordmask', onWarning }: QueueOptions): Promise<QueueServer> {
  const { shown, ...address } = parseRedisUrl(url, { ca })
  const { bullmq, ioredis } = await loadPeers()
  const warned = new Set<string>()
  const warn = (message: string) => {
    if (!warned.has(message)) onWarning?.(message)
    warned.add(message)
  }
  const client = await connect(ioredis.Redis, address, shown)
  client.on('error', (error) => warn(`The queue ${shown} does not answer (${reason(error)}): trying on`))
  await checkServer(client, shown, warn)
  const connection = { ...address, maxRetriesPerRequest: null, retryStrategy: again }
  return { bullmq, client, connection, prefix, shown, warn, close: async () => client.disconnect() }
}

const again = (times: number): number => Math.min(200 * times, 5000)

/** The first try decides; a connection that was there is sought again for ever. */
async function connect(Client: typeof Redis, address: Omit<RedisAddress, 'shown'>, shown: string): Promise<Redis> {
  let reached = false
  const retryStrategy = (times: number) => (reached ? again(times) : null)
  const client = new Client({
    ...address,
    lazyConnect: true,
    maxRetriesPerRequest: null,
    commandTimeout,
    connectTimeout: commandTimeout,
    retryStrategy,
  })
  let last: Error | undefined
  const onError = (error: Error) => {
    last = error
  }
  client.on('error', onError)
  try {
    await client.connect()
    await client.ping()
  } catch (cause) {
    client.disconnect()
    const why = last ?? (cause as Error)
    throw new WordmaskError('ERR_WORDMASK_QUEUE', `Cannot use the queue ${shown}: ${reason(why)}. ${advice(why, address)}`, { cause: why })
  }
  reached = true
  client.off('error', onError)
  return client
}

function advice(error: Error, { path, tls }: Omit<RedisAddress, 'shown'>): string {
  const text = reason(error)
  if (/NOAUTH|WRONGPASS|AUTH/.test(text)) return 'Give its password, as :password@ before the host of its address'
  if (/certificate|self.signed/i.test(text)) return 'Give the certificates that sign its own (--queue-ca FILE)'
  if (/wrong version number|SSL|ECONNRESET|closed/i.test(text))
    return tls ? 'Does it speak TLS? Else redis://' : 'Does it speak TLS? Then rediss://'
  if (path !== undefined) return `Does a server listen there? redis-server --unixsocket ${path}`
  return 'Does a server run there, and may this machine reach it?'
}

/** Several addresses of one name fail together, with a message each. */
function reason(error: Error): string {
  const { errors } = error as Partial<AggregateError>
  return (
    (error.message || (errors ?? []).map((each: Error) => each.message).join('; ') || (error as NodeJS.ErrnoException).code) ?? 'unknown'
  )
}

/** A server that drops keys when it is full forgets jobs; they would come back from storage, but late. */
async function checkServer(client: Redis, shown: string, warn: (message: string) => void): Promise<void> {
  const info = await client.info().catch(() => '')
  const value = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
  const policy = value('maxmemory_policy')
  if (policy !== undefined && policy !== 'noeviction')
    warn(
      `The queue ${shown} may drop jobs when its memory is full (maxmemory-policy ${policy}): redis-cli config set maxmemory-policy noeviction`,
    )
  const version = value('redis_version')
  if (version !== undefined && Number.parseFloat(version) < 6.2) warn(`The queue ${shown} is Redis ${version}; 6.2 or later is recommended`)
}
