import { spawnSync } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import { connectQueue } from '../../lib/engine/redis.js'
import { parseRedisUrl, withoutPassword } from '../../lib/engine/redis-url.js'
import { temporary } from './fixtures.js'
import { freePort, hasRedis, RedisServer } from './redis-server.js'

const at = temporary('redis')

describe('the address of a queue', () => {
  test.each([
    ['redis://host', { host: 'host', port: 6379, db: 0 }],
    ['redis://host:7000/3', { host: 'host', port: 7000, db: 3 }],
    ['redis://:s%40cret@host/0', { host: 'host', port: 6379, password: 's@cret', db: 0 }],
    ['redis://me:pw@[::1]:7000', { host: '::1', port: 7000, username: 'me', password: 'pw', db: 0 }],
    ['rediss://host/1', { host: 'host', port: 6379, db: 1, tls: {} }],
    ['unix:///run/redis.sock', { path: '/run/redis.sock', db: 0 }],
    ['unix://:pw@/run/r%20s.sock?db=2', { path: '/run/r s.sock', password: 'pw', db: 2 }],
    ['redis+unix://me:pw@/run/redis.sock', { path: '/run/redis.sock', username: 'me', password: 'pw', db: 0 }],
  ])('%s is read', (url, address) => {
    const { shown: _, ...read } = parseRedisUrl(url)
    expect(read).toEqual(address)
  })

  test.each(['', 'host:6379', 'http://host', 'redis://', 'redis://host/x', 'unix://run/redis.sock', 'redis://host:port'])(
    '%j is refused',
    (url) => {
      expect(thrown(() => parseRedisUrl(url))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /queue/)
    },
  )

  test('what was expected is said whole: no login in it is struck out', () => {
    const { message } = thrown(() => parseRedisUrl('host:6379')) as Error
    expect(message).toMatch(/^Expected redis:\/\/host\[:port\]\[\/database\], with user:password@ before the host/)
  })

  test('is shown without its password, also in what is refused', () => {
    expect(withoutPassword('redis://me:p@ss@host/0')).toBe('redis://me:***@host/0')
    expect(withoutPassword('redis://host/0')).toBe('redis://host/0')
    expect(String((thrown(() => parseRedisUrl('redis://:secret@host/x')) as Error).message)).not.toContain('secret')
  })

  test('with certificates of its own wants rediss:// and a PEM file', () => {
    expect(thrown(() => parseRedisUrl('redis://host', { ca: 'ca.pem' }))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /rediss/)
    expect(thrown(() => parseRedisUrl('rediss://host', { ca: at('none.pem') }))).toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
    expect(thrown(() => parseRedisUrl('rediss://host', { ca: __filename }))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /PEM/)
  })
})

describe.skipIf(!hasRedis)('a server', () => {
  let server: RedisServer | undefined
  afterEach(async () => {
    await server?.end()
    server = undefined
  })

  test('that is not there is said at once, with what to try', async () => {
    await expect(connectQueue({ url: `unix://${at('none.sock')}` })).rejects.toHaveCode('ERR_WORDMASK_QUEUE', /redis-server --unixsocket/)
    await expect(connectQueue({ url: 'redis://127.0.0.1:1/0' })).rejects.toHaveCode(
      'ERR_WORDMASK_QUEUE',
      /ECONNREFUSED.*Does a server run there/,
    )
  })

  test('with a password wants the right one', async () => {
    server = await RedisServer.start(['--requirepass', 'secret'])
    await expect(connectQueue({ url: server.url })).rejects.toHaveCode('ERR_WORDMASK_QUEUE', /Give its password/)
    const wrong = `unix://:wrong@${server.socket}`
    await expect(connectQueue({ url: wrong })).rejects.toHaveCode('ERR_WORDMASK_QUEUE', /Give its password/)
    await expect(connectQueue({ url: wrong })).rejects.not.toHaveCode('ERR_WORDMASK_QUEUE', /wrong@/)
    const queue = await connectQueue({ url: `unix://:secret@${server.socket}` })
    expect(await queue.client.ping()).toBe('PONG')
    await queue.close()
  })

  test('that may drop keys is warned of', async () => {
    server = await RedisServer.start(['--maxmemory-policy', 'allkeys-lru'])
    const warnings: string[] = []
    const queue = await connectQueue({ url: server.url, onWarning: (warning) => warnings.push(warning) })
    expect(warnings).toEqual([expect.stringMatching(/allkeys-lru.*redis-cli config set maxmemory-policy noeviction/)])
    await queue.close()
  })

  test('that speaks TLS is trusted by its own certificates only', async () => {
    const [key, cert] = [at('key.pem'), at('cert.pem')]
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
      ...names,
    ])
    expect(made.status, String(made.stderr)).toBe(0)
    const port = await freePort()
    const flags = [
      '--tls-port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-auth-clients',
      'no',
    ]
    server = await RedisServer.start(flags)
    const url = `rediss://localhost:${port}/1`
    await expect(connectQueue({ url })).rejects.toHaveCode('ERR_WORDMASK_QUEUE', /--queue-ca/)
    await expect(connectQueue({ url: `redis://localhost:${port}` })).rejects.toHaveCode('ERR_WORDMASK_QUEUE')
    const queue = await connectQueue({ url, ca: cert })
    expect(await queue.client.ping()).toBe('PONG')
    await queue.close()
  })
})

function thrown(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}
