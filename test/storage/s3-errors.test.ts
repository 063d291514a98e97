import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { S3Store } from '../../lib/storage/s3'
import { hideKeys } from '../../lib/storage/s3-errors'
import { Relay, s3Refusal } from '../helpers/relay'
import { s3Environment, setEnvironment, withS3 } from '../helpers/s3-server'

const s3 = withS3('photos')
const folder = mkdtempSync(join(tmpdir(), 'wordmask-s3-'))
let relay: Relay
const undo: (() => void)[] = []
const within = (values: Record<string, string | undefined>) => undo.push(setEnvironment(values))

beforeAll(async () => {
  if (s3.server) relay = await Relay.start(s3.server.endpoint)
})
afterAll(async () => {
  await relay?.close()
  rmSync(folder, { recursive: true })
})
beforeEach(({ skip }) => {
  skip(!s3.server, s3.missing)
  relay.reset()
  within({ AWS_ENDPOINT_URL: relay.endpoint, AWS_MAX_ATTEMPTS: '2' })
})
afterEach(() => {
  while (undo.length > 0) undo.pop()!()
})

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )
const reading = () => failure(new S3Store({ retries: 1, retryDelay: 1 }).read('s3://photos/a/b.jpg'))

describe('each failure says what to do', () => {
  test('missing bucket: reading, asking, listing, writing', async () => {
    const store = new S3Store()
    const list = async () => {
      for await (const _ of store.list('s3://nowhere/a')) throw new Error('unreachable')
    }
    const calls = [store.read('s3://nowhere/a'), store.stat('s3://nowhere/a'), list(), store.put('s3://nowhere/a', '')]
    for (const error of await Promise.all(calls.map(failure)))
      expect(error).toHaveCode(
        'ERR_WORDMASK_FILE_NOT_FOUND',
        /There is no bucket "nowhere" at http:\/\/127.*Check its name and AWS_ENDPOINT_URL/,
      )
  })

  test('no credentials', async () => {
    within({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined })
    expect(await reading()).toHaveCode(
      'ERR_WORDMASK_IO',
      /no credentials were found .*Set AWS_ACCESS_KEY_ID.*or AWS_PROFILE.*AWS_SKIP_SIGNATURE=true/,
    )
  })

  test('a profile that is not in the files', async () => {
    within({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_PROFILE: 'nobody' })
    expect(await reading()).toHaveCode('ERR_WORDMASK_IO', /no credentials were found for the profile "nobody"/)
  })

  test('wrong region, by each way that a server says so', async () => {
    const region = /is in region eu-west-1, but us-east-1 is set. Set AWS_REGION=eu-west-1/
    relay.trouble = (_, response) => s3Refusal(response, 301, 'PermanentRedirect', 'elsewhere', { 'x-amz-bucket-region': 'eu-west-1' })
    expect(await reading()).toHaveCode('ERR_WORDMASK_IO', region)
    expect(await failure(new S3Store().stat('s3://photos/x'))).toHaveCode('ERR_WORDMASK_IO', region)
    relay.trouble = (_, response) => {
      const body = '<Error><Code>AuthorizationHeaderMalformed</Code><Message>wrong region</Message><Region>eu-west-1</Region></Error>'
      response.writeHead(400, { 'content-type': 'application/xml' }).end(body)
      return true
    }
    expect(await reading()).toHaveCode('ERR_WORDMASK_IO', region)
    relay.trouble = (_, response) => s3Refusal(response, 301, 'PermanentRedirect', 'elsewhere')
    expect(await reading()).toHaveCode('ERR_WORDMASK_IO', /not in region us-east-1. Set AWS_REGION/)
  })

  test.each([
    [403, 'AccessDenied', /access was denied. It needs the permission s3:GetObject .*AWS_REQUEST_PAYER/],
    [403, 'InvalidAccessKeyId', /does not know the access key. Check AWS_ACCESS_KEY_ID/],
    [403, 'SignatureDoesNotMatch', /secret key does not belong/],
    [400, 'ExpiredToken', /have expired. Get new ones/],
    [403, 'RequestTimeTooSkewed', /clock of this machine/],
    [503, 'SlowDown', /answered 503 SlowDown in 2 attempts. Run the same command again later/],
    [500, 'InternalError', /answered 500 InternalError in 2 attempts/],
    [400, 'BadDigest', /answered 400 BadDigest \(as the server says\)/],
  ])('%i %s', async (status, code, message) => {
    relay.trouble = (_, response) => s3Refusal(response, status, code, 'as the server says')
    expect(await reading()).toHaveCode('ERR_WORDMASK_IO', message)
  })

  test('nobody there, and somebody who is no S3 server', async () => {
    relay.trouble = (_, response) => {
      response.writeHead(400, { 'content-type': 'text/html' }).end('<html><body><h1>Welcome to nginx</body></html>')
      return true
    }
    expect(await reading()).toHaveCode('ERR_WORDMASK_IO', /answered 400/)
    const gone = await Relay.start('http://127.0.0.1:1')
    const { endpoint } = gone
    await gone.close()
    within({ AWS_ENDPOINT_URL: endpoint })
    expect(await reading()).toHaveCode('ERR_WORDMASK_IO', /cannot be reached \(ECONNREFUSED\). Check AWS_ENDPOINT_URL/)
    within({ AWS_ENDPOINT_URL: 'localhost:9000' })
    expect(await reading()).toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /Expected AWS_ENDPOINT_URL .*https:\/\/host:port.*localhost:9000/)
  })

  test('503 once is no failure', async () => {
    await new S3Store().put('s3://photos/once', 'here')
    relay.trouble = (_, response, count) => count === 2 && s3Refusal(response, 503, 'SlowDown', 'slow down')
    expect((await new S3Store().read('s3://photos/once')).toString()).toBe('here')
  })
})

describe('settings', () => {
  test('profile files give keys, region and endpoint; the services section goes before the profile', async () => {
    const config = join(folder, 'config')
    writeFileSync(
      config,
      `[profile lab]\nregion = eu-central-7\nendpoint_url = http://127.0.0.1:1\nservices = lab-s3\n\n[services lab-s3]\ns3 =\n  endpoint_url = ${relay.endpoint}/\n`,
    )
    writeFileSync(join(folder, 'credentials'), '[lab]\naws_access_key_id = AKIALAB\naws_secret_access_key = lab-secret-not-to-be-seen\n')
    const none = Object.fromEntries(Object.keys(s3Environment('')).map((name) => [name, undefined]))
    within({ ...none, AWS_PROFILE: 'lab', AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials') })
    await new S3Store().put('s3://photos/by-profile', 'x')
    expect(relay.seen[0]!.path).toMatch(/^\/photos\/by-profile/)
    expect(relay.seen[0]!.headers.authorization).toMatch(/Credential=AKIALAB\/\d+\/eu-central-7\/s3/)
  })

  test('AWS_SKIP_SIGNATURE signs nothing and needs no keys; AWS_REQUEST_PAYER says who pays', async () => {
    await fetch(`${s3.server!.endpoint}/photos/open`, { method: 'PUT', headers: { 'x-amz-acl': 'public-read' }, body: 'for all' })
    within({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_SKIP_SIGNATURE: 'true', AWS_REQUEST_PAYER: 'requester' })
    expect((await new S3Store().read('s3://photos/open')).toString()).toBe('for all')
    const { headers } = relay.seen.at(-1)!
    expect(headers.authorization).toBeUndefined()
    expect(headers['x-amz-request-payer']).toBe('requester')
  })

  test('no notice about Node versions, which a user cannot act on', async () => {
    const notices: string[] = []
    const note = (warning: Error) => notices.push(warning.message)
    process.on('warning', note)
    await new S3Store().put('s3://photos/quiet', '')
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('warning', note)
    expect(notices).toEqual([])
    expect(process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED).toBeUndefined()
  })
})

test('no key, token or signature in any error, its cause included, whatever the server echoes', async () => {
  within({ AWS_SESSION_TOKEN: 'session-token-not-to-be-seen' })
  const secrets = [process.env.AWS_SECRET_ACCESS_KEY!, process.env.AWS_SESSION_TOKEN!]
  for (const code of ['SignatureDoesNotMatch', 'InvalidAccessKeyId', 'Teapot', 'InternalError']) {
    relay.trouble = ({ headers }, response) =>
      s3Refusal(response, code === 'InternalError' ? 500 : 400, code, `you sent ${secrets.join(' and ')} and ${headers.authorization}`)
    const shown = inspect(await reading(), { depth: 20, showHidden: true })
    for (const secret of secrets) expect(shown).not.toContain(secret)
    expect(shown).not.toMatch(/Signature=[0-9a-f]{8}/)
  }
  expect(hideKeys(`a ${secrets[0]} b`)).toBe('a *** b')
})
