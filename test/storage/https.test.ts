import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HttpsStore } from '../../lib/storage/https'
import { collect, noise, serve, Web } from './web'

const store = new HttpsStore({ retries: 2, retryDelay: 5, stallTimeout: 2000 })
const big = noise(3_000_000)
let web: Web
let other: Web

beforeAll(async () => {
  other = await Web.start({ '/there': Buffer.from('over there') })
  web = await Web.start({
    '/hello.txt': Buffer.from('hello, world'),
    '/empty': Buffer.alloc(0),
    '/big.tar': big,
    '/moved': (_, response) => response.writeHead(302, { location: '/hello.txt' }).end(),
    '/away': (_, response) => response.writeHead(307, { location: other.url('/there') }).end(),
    '/loop': (_, response) => response.writeHead(302, { location: '/loop' }).end(),
    '/get-only': (request, response) => {
      if (request.method === 'HEAD') response.writeHead(403).end()
      else serve(request, response, Buffer.from('signed for GET'))
    },
    '/endless': (request, response) => {
      response.writeHead(200)
      if (request.method === 'HEAD') response.end()
      else response.write('no length')
    },
    '/plain': (_, response) => response.writeHead(200, { 'content-length': big.length }).end(big),
    '/gzip': (_, response) => response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 20 }).end(Buffer.alloc(20)),
    '/locked': (_, response) => response.writeHead(401).end(),
    '/gone': (_, response) => response.writeHead(410).end(),
  })
})
afterAll(async () => {
  await web.close()
  await other.close()
})

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )

describe('a server that behaves', () => {
  test('bytes 7 to 11 of "hello, world" are "world", by one request', async () => {
    expect((await store.read(web.url('/hello.txt'), { range: { offset: 7, length: 5 } })).toString()).toBe('world')
    expect(web.asked('/hello.txt')).toEqual(['GET bytes=7-11'])
  })

  test('whole files, streams and any range are what the server holds', async () => {
    expect((await store.read(web.url('/big.tar'))).equals(big)).toBe(true)
    expect((await collect(store.stream(web.url('/big.tar')))).equals(big)).toBe(true)
    for (const [offset, length] of [
      [0, 1],
      [0, big.length],
      [1_234_567, 700_000],
      [big.length - 1, 1],
    ] as const)
      expect((await store.read(web.url('/big.tar'), { range: { offset, length } })).equals(big.subarray(offset, offset + length))).toBe(
        true,
      )
  })

  test('an empty range asks nothing; an empty file is an empty file', async () => {
    const before = web.seen.length
    expect(await store.read(web.url('/hello.txt'), { range: { offset: 3, length: 0 } })).toEqual(Buffer.alloc(0))
    expect(web.seen.length).toBe(before)
    expect(await store.read(web.url('/empty'))).toEqual(Buffer.alloc(0))
    expect(await store.stat(web.url('/empty'))).toMatchObject({ bytes: 0 })
  })

  test('size and version are told without reading', async () => {
    expect(await store.stat(web.url('/big.tar'))).toEqual({ uri: web.url('/big.tar'), bytes: big.length, version: '"one"' })
    expect(web.asked('/big.tar').pop()).toBe('HEAD')
  })

  test('a server that answers HEAD otherwise is asked for one byte', async () => {
    expect(await store.stat(web.url('/get-only'))).toMatchObject({ bytes: 14 })
    expect(web.asked('/get-only')).toEqual(['HEAD', 'GET bytes=0-0'])
    expect(await store.stat(web.url('/plain'))).toMatchObject({ bytes: big.length })
  })

  test('redirects are followed, also to another host', async () => {
    expect((await store.read(web.url('/moved'), { range: { offset: 0, length: 5 } })).toString()).toBe('hello')
    expect((await store.read(web.url('/away'))).toString()).toBe('over there')
  })

  test('a name and password log in at their own host and go nowhere else', async () => {
    await store.read(web.url('/away').replace('//', '//jane:p%40ss@'))
    expect(web.seen.at(-1)!.headers.authorization).toBe(`Basic ${Buffer.from('jane:p@ss').toString('base64')}`)
    expect(other.seen.at(-1)!.headers.authorization).toBeUndefined()
  })
})

describe('what cannot be had', () => {
  test('a range from a server without ranges is an error, and the file is not taken instead', async () => {
    let sent = 0
    web.paths['/no-ranges'] = (_, response) => {
      response.writeHead(200, { 'content-length': 400_000_000 })
      const more = () => {
        while (!response.destroyed && sent < 400_000_000) {
          sent += 1 << 20
          if (!response.write(Buffer.alloc(1 << 20))) {
            response.once('drain', more)
            return
          }
        }
      }
      more()
    }
    const error = await failure(store.read(web.url('/no-ranges'), { range: { offset: 10, length: 10 } }))
    expect(error).toHaveCode('ERR_WORDMASK_IO', /no byte ranges .*was not taken.* Download the file/)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(sent).toBeLessThan(100_000_000)
  })

  test('ranges beyond the end name what the file has', async () => {
    const beyond = store.read(web.url('/hello.txt'), { range: { offset: 50, length: 5 } })
    expect(await failure(beyond)).toHaveCode('ERR_WORDMASK_IO', /beyond its end \(it has 12 bytes\)/)
    const partly = store.read(web.url('/hello.txt'), { range: { offset: 10, length: 5 } })
    expect(await failure(partly)).toHaveCode('ERR_WORDMASK_IO', /bytes 10 to 14 were asked for, but it has 12/)
  })

  test('a missing file has the code of one', async () => {
    for (const path of ['/nothing', '/gone']) {
      expect(await failure(store.read(web.url(path)))).toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /does not exist: the server answered 4/)
      expect(await failure(store.stat(web.url(path)))).toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
    }
  })

  test('a locked one says how to log in', async () => {
    expect(await failure(store.read(web.url('/locked')))).toHaveCode('ERR_WORDMASK_IO', /401.*NAME:PASSWORD and an @ before the host/)
  })

  test('redirects in a circle end', async () => {
    expect(await failure(store.read(web.url('/loop')))).toHaveCode('ERR_WORDMASK_IO', /redirects more than 10 times/)
  })

  test('a file of unknown length cannot be planned with; a compressed one is refused', async () => {
    expect(await failure(store.stat(web.url('/endless')))).toHaveCode('ERR_WORDMASK_IO', /does not say how long/)
    expect(await failure(store.read(web.url('/gzip')))).toHaveCode('ERR_WORDMASK_IO', /compressed \(gzip\)/)
  })

  test('a host that is not there: which one, how often, and a word about a proxy where one is set', async () => {
    const gone = await Web.start()
    const url = gone.url('/x')
    await gone.close()
    expect(await failure(store.read(url))).toHaveCode('ERR_WORDMASK_IO', /ECONNREFUSED \(3 attempts\)\. Check the address/)
    process.env.HTTPS_PROXY = 'http://user:secret-of-proxy@proxy:3128'
    const error = await failure(store.read(url))
    delete process.env.HTTPS_PROXY
    expect(error).toHaveCode('ERR_WORDMASK_IO', /HTTPS_PROXY is set but not used/)
    expect(error.message).not.toContain('secret-of-proxy')
  })

  test('listing, writing and removing are refused with what to do instead', async () => {
    const list = (async () => {
      for await (const _ of store.list(web.url('/'))) throw new Error('unreachable')
    })()
    expect(await failure(list)).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /cannot be listed.*braces/)
    expect(await failure(store.put(web.url('/x')))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /for reading/)
    expect(await failure(store.remove(web.url('/x')))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /for reading/)
  })

  test('other schemes and no addresses at all are bad arguments', async () => {
    for (const uri of ['ftp://host/x', 'https://', 'photos/train.tar'])
      expect(await failure(store.read(uri))).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /Expected an https:\/\//)
  })

  test('passwords and signatures stay out of every message', async () => {
    const login = web.url('/nothing').replace('//', '//jane:hunter22@')
    const signed = web.url('/locked?X-Amz-Credential=AKIAQQ&X-Amz-Signature=5ec4e7&part=3&token=5ec4e7')
    const errors = await Promise.all(
      [store.read(login), store.stat(login), store.read(signed), store.put(signed), store.read(web.url('/loop?sig=5ec4e7'))].map(failure),
    )
    for (const { message } of errors) expect(message).not.toMatch(/hunter22|jane|5ec4e7|AKIAQQ/)
    expect(errors[2].message).toContain('/locked?X-Amz-Credential=***&X-Amz-Signature=***&part=3&token=***')
  })
})
