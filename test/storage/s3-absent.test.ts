import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { S3Store } from '../../lib/storage/s3'
import { Relay, s3Refusal } from '../helpers/relay'
import { setEnvironment, withS3 } from '../helpers/s3-server'

const s3 = withS3('pile')
let relay: Relay
let store: S3Store
let restore = () => {}

beforeAll(async () => {
  if (!s3.server) return
  relay = await Relay.start(s3.server.endpoint)
  restore = setEnvironment({ AWS_ENDPOINT_URL: relay.endpoint })
})
afterAll(async () => {
  restore()
  await relay?.close()
})
beforeEach(({ skip }) => {
  skip(!s3.server, s3.missing)
  relay.reset()
  store = new S3Store()
})

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )
const everything = async () => {
  const uris: string[] = []
  for await (const { uri } of store.list('s3://pile')) uris.push(uri)
  return uris
}

test('the first put makes the object, the second finds it and leaves it', async () => {
  expect(await store.put('s3://pile/one', 'first', { ifAbsent: true })).toBe(true)
  expect(await store.put('s3://pile/one', 'second', { ifAbsent: true })).toBe(false)
  expect((await store.read('s3://pile/one')).toString()).toBe('first')
})

test('of twenty at once exactly one wins, and its content stays; three rounds', async () => {
  for (let round = 0; round < 3; round++) {
    const uri = `s3://pile/race-${round}`
    const won = await Promise.all(Array.from({ length: 20 }, (_, i) => store.put(uri, `writer ${i}`, { ifAbsent: true })))
    expect(won.filter(Boolean).length).toBe(1)
    expect((await store.read(uri)).toString()).toBe(`writer ${won.indexOf(true)}`)
  }
})

test('the server is asked once a bucket whether it honours If-None-Match, and nothing of that stays', async () => {
  await store.put('s3://pile/folder/a', 'a', { ifAbsent: true })
  const probes = () => relay.seen.filter(({ path }) => path.includes('/folder/.wordmask-')).map(({ method }) => method)
  expect(probes()).toEqual(['PUT', 'PUT', 'DELETE'])
  await store.put('s3://pile/folder/b', 'b', { ifAbsent: true })
  await store.checkConditionalPut('s3://pile/folder')
  expect(probes().length).toBe(3)
  expect((await everything()).filter((uri) => uri.includes('.wordmask-'))).toEqual([])
})

test('a server that ignores If-None-Match is refused, before anything is written', async () => {
  relay.trouble = (seen) => {
    delete seen.headers['if-none-match']
    return false
  }
  const error = await failure(store.put('s3://pile/ignored', 'x', { ifAbsent: true }))
  expect(error).toHaveCode('ERR_WORDMASK_IO', /no conditional PUT .*overwrite each other's results. Use a store that has it/)
  expect(await failure(store.checkConditionalPut('s3://pile'))).toHaveCode('ERR_WORDMASK_IO', /no conditional PUT/)
  expect((await everything()).filter((uri) => /ignored|\.wordmask-/.test(uri))).toEqual([])
  expect(await store.put('s3://pile/plain', 'x')).toBe(true)
})

test('so is one that says it has none', async () => {
  relay.trouble = ({ headers }, response) =>
    headers['if-none-match'] ? s3Refusal(response, 501, 'NotImplemented', 'A header you provided implies functionality') : false
  expect(await failure(store.put('s3://pile/refused', 'x', { ifAbsent: true }))).toHaveCode('ERR_WORDMASK_IO', /no conditional PUT/)
})

test('a put whose answer gets lost knows its own object when it comes again', async () => {
  await store.checkConditionalPut('s3://pile')
  let lost = 0
  relay.lose = ({ method, path }) => method === 'PUT' && path.startsWith('/pile/lost') && lost++ === 0
  expect(await store.put('s3://pile/lost', 'mine', { ifAbsent: true })).toBe(true)
  expect(lost).toBe(2)
})

test('and does not take the object of another for it', async () => {
  await store.checkConditionalPut('s3://pile')
  let count = 0
  relay.trouble = ({ method, path }, response) => {
    if (method !== 'PUT' || !path.startsWith('/pile/other') || count++ > 0) return false
    // The first attempt never arrives; before the second another writer does.
    void fetch(`${s3.server!.endpoint}/pile/other`, { method: 'PUT', body: 'mine' }).then(() => response.destroy())
    return true
  }
  expect(await store.put('s3://pile/other', 'mine', { ifAbsent: true })).toBe(false)
})

test('two conditional puts that meet (409) are tried again', async () => {
  await store.checkConditionalPut('s3://pile')
  let count = 0
  relay.trouble = ({ method, path }, response) =>
    method === 'PUT' && path.startsWith('/pile/conflict') && count++ < 2
      ? s3Refusal(response, 409, 'ConditionalRequestConflict', 'The conditional request cannot succeed due to a conflicting operation')
      : false
  expect(await store.put('s3://pile/conflict', 'x', { ifAbsent: true })).toBe(true)
  expect(count).toBe(3)
})
