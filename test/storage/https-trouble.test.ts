import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HttpsStore } from '../../lib/storage/https'
import { collect, noise, rangeOf, serve, Web } from './web'

const store = new HttpsStore({ retries: 3, retryDelay: 5, stallTimeout: 400 })
const body = noise(2_000_000, 7)
let web: Web

beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web.close())

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )

describe('connections that break', () => {
  test('a stream goes on at the byte where it broke', async () => {
    let read = 0
    web.paths['/cut'] = (request, response, count) =>
      serve(request, response, body, { breakAfter: count <= 2 ? 300_000 : -1, taken: () => read === count * 300_000 })
    expect((await collect(store.stream(web.url('/cut')), (bytes) => (read = bytes))).equals(body)).toBe(true)
    expect(web.asked('/cut')).toEqual(['GET', 'GET bytes=300000-', 'GET bytes=600000-'])
  })

  test('so does a range, and it ends where the range ends', async () => {
    let read = 0
    web.paths['/cut-range'] = (request, response, count) =>
      serve(request, response, body, { breakAfter: count === 1 ? 100 : -1, taken: () => read === 100 })
    const range = { offset: 1000, length: 500 }
    const found = await collect(store.stream(web.url('/cut-range'), { range }), (bytes) => (read = bytes))
    expect(found.equals(body.subarray(1000, 1500))).toBe(true)
    expect(web.asked('/cut-range')).toEqual(['GET bytes=1000-1499', 'GET bytes=1100-1499'])
  })

  test('twenty breaks are no failure as long as each brings bytes; seeded places', async () => {
    const places = noise(20, 3)
    web.paths['/often'] = (request, response, count) =>
      serve(request, response, body, { breakAfter: count <= 20 ? 1 + places[count - 1]! * 300 : -1 })
    expect((await collect(store.stream(web.url('/often')))).equals(body)).toBe(true)
  })

  test('one that never brings anything ends with the number of attempts', async () => {
    web.paths['/never'] = (_, response) => response.writeHead(200, { 'content-length': 100 }).write('', () => response.destroy())
    expect(await failure(store.read(web.url('/never')))).toHaveCode('ERR_WORDMASK_IO', /\(4 attempts\)/)
    expect(web.asked('/never').length).toBe(4)
  })

  test('a file that changed in between is not glued together', async () => {
    web.paths['/changed'] = (request, response, count) =>
      serve(request, response, body, { breakAfter: count === 1 ? 1000 : -1, etag: `"${count}"` })
    expect(await failure(store.read(web.url('/changed')))).toHaveCode('ERR_WORDMASK_IO', /changed while it was read/)
  })

  test('where the server cannot go on, that is said', async () => {
    web.paths['/cut-plain'] = (_, response) => {
      response
        .writeHead(200, { 'content-length': body.length })
        .write(body.subarray(0, 1000), () => delay(20).then(() => response.destroy()))
    }
    expect(await failure(store.read(web.url('/cut-plain')))).toHaveCode('ERR_WORDMASK_IO', /no byte ranges/)
  })

  test('silence counts as a break', async () => {
    web.paths['/silent'] = (request, response, count) => {
      if (count > 1) serve(request, response, body)
      else response.writeHead(200, { 'content-length': body.length, etag: '"one"' }).write(body.subarray(0, 5000))
    }
    expect((await collect(store.stream(web.url('/silent')))).equals(body)).toBe(true)
    expect(web.asked('/silent')).toEqual(['GET', 'GET bytes=5000-'])
  })
})

describe('answers that are wrong', () => {
  test('206 with other bytes than those asked for', async () => {
    web.paths['/shifted'] = (request, response) => {
      const [start, end] = rangeOf(request, body.length)!
      response.writeHead(206, { 'content-range': `bytes ${start + 1}-${end + 1}/${body.length}`, 'content-length': end + 1 - start })
      response.end(body.subarray(start + 1, end + 2))
    }
    const error = await failure(store.read(web.url('/shifted'), { range: { offset: 10, length: 10 } }))
    expect(error).toHaveCode('ERR_WORDMASK_IO', /bytes from 10 were asked for, but the server sent those from 11/)
  })

  test('206 without saying which bytes', async () => {
    web.paths['/untold'] = (_, response) => response.writeHead(206, { 'content-length': 10 }).end(body.subarray(0, 10))
    const error = await failure(store.read(web.url('/untold'), { range: { offset: 0, length: 10 } }))
    expect(error).toHaveCode('ERR_WORDMASK_IO', /no byte ranges/)
  })

  test('503 twice, then the file; Retry-After is kept', async () => {
    web.paths['/busy'] = (request, response, count) => {
      if (count > 2) serve(request, response, Buffer.from('at last'))
      else response.writeHead(503, count === 2 ? { 'retry-after': '1' } : {}).end()
    }
    const since = Date.now()
    expect((await store.read(web.url('/busy'))).toString()).toBe('at last')
    expect(Date.now() - since).toBeGreaterThan(900)
  })

  test('503 for good ends with what the server said', async () => {
    web.paths['/down'] = (_, response) => response.writeHead(503, 'Not Today').end()
    expect(await failure(store.stat(web.url('/down')))).toHaveCode('ERR_WORDMASK_IO', /503 Not Today \(4 attempts\)/)
  })

  test('400 is not tried again', async () => {
    web.paths['/bad'] = (_, response) => response.writeHead(400).end()
    expect(await failure(store.read(web.url('/bad')))).toHaveCode('ERR_WORDMASK_IO', /answered 400 Bad Request$/)
    expect(web.asked('/bad').length).toBe(1)
  })
})

describe('time', () => {
  const endless = (sent: { bytes: number }) => (_: unknown, response: import('node:http').ServerResponse) => {
    response.writeHead(200, { 'content-length': 200_000_000 })
    const more = () => {
      while (!response.destroyed && sent.bytes < 200_000_000) {
        sent.bytes += 1 << 18
        if (!response.write(Buffer.alloc(1 << 18))) {
          response.once('drain', more)
          return
        }
      }
    }
    more()
  }

  test('a reader that takes its time holds the server back and is not taken for silence', async () => {
    const sent = { bytes: 0 }
    web.paths['/endless'] = endless(sent)
    let chunks = 0
    for await (const _ of store.stream(web.url('/endless'))) {
      await delay(600) // longer than stallTimeout
      if (++chunks === 3) break
    }
    expect(chunks).toBe(3)
    expect(sent.bytes).toBeLessThan(32_000_000)
    expect(web.asked('/endless').length).toBe(1)
  })

  test('an abort ends a stream, a pause between attempts, and what has not begun', async () => {
    web.paths['/slow'] = endless({ bytes: 0 })
    web.paths['/off'] = (_, response) => response.writeHead(503, { 'retry-after': '50' }).end()
    const abort = new AbortController()
    const streaming = (async () => {
      for await (const _ of store.stream(web.url('/slow'), { signal: abort.signal })) await delay(10)
    })()
    const waiting = store.read(web.url('/off'), { signal: abort.signal })
    const ends = Promise.all([failure(streaming), failure(waiting)])
    setTimeout(() => abort.abort(new Error('enough')), 150)
    for (const error of await ends) {
      expect(error).toHaveCode('ERR_WORDMASK_ABORTED')
      expect(error.cause.message).toBe('enough')
    }
    const before = web.seen.length
    expect(await failure(store.stat(web.url('/slow'), { signal: abort.signal }))).toHaveCode('ERR_WORDMASK_ABORTED')
    expect(web.seen.length).toBe(before)
  })
})
