import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { S3Store } from '../../lib/storage/s3'
import { Relay } from '../helpers/relay'
import { setEnvironment, withS3 } from '../helpers/s3-server'
import { collect, noise } from './web'

const s3 = withS3('photos', 'many')
const store = new S3Store({ retries: 3, retryDelay: 5 })
const big = noise(3_000_000)
let relay: Relay
let restore = () => {}

beforeAll(async () => {
  if (!s3.server) return
  relay = await Relay.start(s3.server.endpoint)
  restore = setEnvironment({ AWS_ENDPOINT_URL: relay.endpoint })
  await store.put('s3://photos/big.tar', big)
})
afterAll(async () => {
  restore()
  await relay?.close()
})
beforeEach(({ skip }) => {
  skip(!s3.server, s3.missing)
  relay.reset()
})

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )
const listed = async (prefix: string) => {
  const uris: string[] = []
  for await (const { uri } of store.list(prefix)) uris.push(uri)
  return uris
}
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

describe('one object', () => {
  test('what is put is read back, whole, by range and in pieces; then it is gone', async () => {
    const uri = 's3://photos/hello.txt'
    expect(await store.put(uri, 'hello, world')).toBe(true)
    expect((await store.read(uri)).toString()).toBe('hello, world')
    expect((await store.read(uri, { range: { offset: 7, length: 5 } })).toString()).toBe('world')
    expect((await collect(store.stream(uri, { range: { offset: 0, length: 5 } }))).toString()).toBe('hello')
    expect(await store.stat(uri)).toEqual({ uri, bytes: 12, version: expect.stringMatching(/^"[0-9a-f]{32}"$/) })
    await store.put(uri, 'other')
    expect((await store.read(uri)).toString()).toBe('other')
    await store.remove(uri)
    await store.remove(uri)
    expect(await failure(store.read(uri))).toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /s3:\/\/photos\/hello\.txt does not exist/)
  })

  test('a range is one request of as many bytes', async () => {
    const found = await store.read('s3://photos/big.tar', { range: { offset: 1_000_000, length: 1234 } })
    expect(found.equals(big.subarray(1_000_000, 1_001_234))).toBe(true)
    expect(relay.seen.map(({ method }) => method)).toEqual(['GET'])
    expect(relay.bytesRead).toBe(1234)
  })

  test('an empty object and an empty range', async () => {
    await store.put('s3://photos/empty', '')
    expect(await store.read('s3://photos/empty')).toEqual(Buffer.alloc(0))
    relay.reset()
    expect(await store.read('s3://photos/empty', { range: { offset: 0, length: 0 } })).toEqual(Buffer.alloc(0))
    expect(relay.seen.length).toBe(0)
  })

  test('ranges beyond the end are errors, also those that begin before it', async () => {
    const beyond = store.read('s3://photos/big.tar', { range: { offset: 5_000_000, length: 5 } })
    expect(await failure(beyond)).toHaveCode('ERR_WORDMASK_IO', /beyond its end/)
    const partly = store.read('s3://photos/big.tar', { range: { offset: 2_999_999, length: 5 } })
    expect(await failure(partly)).toHaveCode('ERR_WORDMASK_IO', /bytes 2999999 to 3000003 were asked for, but it has 3000000/)
  })

  test('a server that ignores ranges is not read whole', async () => {
    relay.trouble = (seen) => {
      delete seen.headers.range
      return false
    }
    const error = await failure(store.read('s3://photos/big.tar', { range: { offset: 10, length: 10 } }))
    expect(error).toHaveCode('ERR_WORDMASK_IO', /no byte ranges/)
  })

  test('a body that breaks goes on where it broke, of the same version', async () => {
    relay.breaks.push(500_000, 1, 700_000)
    let read = 0
    relay.taken = () => read === [500_000, 500_001, 1_200_001][relay.seen.length - 1]
    expect((await collect(store.stream('s3://photos/big.tar'), (bytes) => (read = bytes))).equals(big)).toBe(true)
    expect(relay.seen.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=500000-', 'bytes=500001-', 'bytes=1200001-'])
    expect(new Set(relay.seen.slice(1).map(({ headers }) => headers['if-match'])).size).toBe(1)
  })

  test('an object that changes in between is not glued together', async () => {
    await store.put('s3://photos/changing', big)
    relay.breaks.push(1000)
    const reading = store.stream('s3://photos/changing')
    await reading.next()
    await store.put('s3://photos/changing', big.subarray(1))
    expect(await failure(collect(reading))).toHaveCode('ERR_WORDMASK_IO', /changed while it was read/)
  })

  test('more than 64 MiB goes in parts, and appears when all are there', async () => {
    const huge = Buffer.alloc(64 * 2 ** 20 + 5, 'wordmask')
    await store.put('s3://photos/huge', huge)
    const parts = relay.seen.filter(({ path, method }) => method === 'PUT' && path.includes('partNumber='))
    expect(parts.length).toBe(2)
    expect((await store.stat('s3://photos/huge')).bytes).toBe(huge.length)
    expect((await store.read('s3://photos/huge', { range: { offset: 64 * 2 ** 20 - 3, length: 8 } })).toString()).toBe(
      huge.subarray(-8).toString(),
    )
    await store.remove('s3://photos/huge')
  })

  test('of an upload that fails nothing is left', async () => {
    relay.trouble = ({ path }, response) => {
      if (!path.includes('partNumber=2')) return false
      response.writeHead(403).end()
      return true
    }
    const error = await failure(store.put('s3://photos/half', Buffer.alloc(64 * 2 ** 20 + 5)))
    expect(error).toHaveCode('ERR_WORDMASK_IO', /s3:PutObject/)
    expect(relay.seen.at(-1)).toMatchObject({ method: 'DELETE', path: expect.stringContaining('uploadId=') })
    expect(await (await fetch(`${s3.server!.endpoint}/photos?uploads`)).text()).not.toContain('half')
    expect(await failure(store.stat('s3://photos/half'))).toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
  })

  test('an abort ends a stream and a put, with its reason', async () => {
    const abort = new AbortController()
    const reading = (async () => {
      for await (const _ of store.stream('s3://photos/big.tar', { signal: abort.signal })) abort.abort(new Error('enough'))
    })()
    const error = await failure(reading)
    expect(error).toHaveCode('ERR_WORDMASK_ABORTED')
    expect(error.cause.message).toBe('enough')
    relay.trouble = () => true // never answers
    const late = new AbortController()
    setTimeout(() => late.abort(), 50)
    expect(await failure(store.put('s3://photos/x', 'x', { signal: late.signal }))).toHaveCode('ERR_WORDMASK_ABORTED')
  })
})

describe('lists', () => {
  test('345 objects come in order over four pages, with size and version; folders end at their slash', async () => {
    const names = Array.from({ length: 345 }, (_, i) => `s3://many/shards/${String((i * 79) % 345).padStart(5, '0')}.tar`)
    for (let at = 0; at < names.length; at += 50) await Promise.all(names.slice(at, at + 50).map((uri) => store.put(uri, 'x')))
    await Promise.all(['s3://many/shards-old/a', 's3://many/shards', 's3://many/shards/empty/'].map((uri) => store.put(uri, '')))
    relay.reset()
    relay.trouble = (seen) => {
      seen.path += '&max-keys=100'
      return false
    }
    expect(await listed('s3://many/shards')).toEqual([...names].sort())
    expect(relay.seen.length).toBe(4)
    expect(await listed('s3://many/shards/')).toEqual([...names].sort())
    for await (const file of store.list('s3://many/shards')) {
      expect(file).toEqual({ uri: 's3://many/shards/00000.tar', bytes: 1, version: expect.any(String) })
      break
    }
    expect(await listed('s3://many/nothing')).toEqual([])
    expect((await listed('s3://many')).length).toBe(347)
  })

  test('any name is a name: spaces, percent, plus, hash, question mark, umlauts, beyond 16 bits', async () => {
    const names = ['a b', '100%', '%41', 'a+b', 'a#b?c=d&e', 'über', 'ﬁ', '😀', "it's", 'x/./y'].map(
      (name) => `s3://photos/names/${name}.jpg`,
    )
    for (const uri of names) await store.put(uri, uri)
    expect(await listed('s3://photos/names')).toEqual([...names].sort(byBytes))
    for (const uri of names) expect((await store.read(uri)).toString()).toBe(uri)
  })
})

test('what is no s3 address is a bad argument', async () => {
  for (const uri of ['s3:/photos/x', 's3://', 'photos/x'])
    expect(await failure(store.read(uri))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /Expected s3:\/\/bucket\/key/)
  expect(await failure(store.read('s3://photos'))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /name of a file after the bucket/)
})
