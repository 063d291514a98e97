import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Archive } from '../../lib/archive/archive'
import { Clip } from '../../lib/clip/clip'
import { S3Store } from '../../lib/storage/s3'
import { Relay } from '../helpers/relay'
import { setEnvironment, withS3 } from '../helpers/s3-server'
import { temporaryFolder } from './pictures'

const s3 = withS3('plain')
let clip: Clip
let relay: Relay | undefined
let restore = () => {}

beforeAll(async () => {
  clip = await Clip.load('scenes')
  if (!s3.server) return
  relay = await Relay.start(s3.server.endpoint)
  restore = setEnvironment({ AWS_ENDPOINT_URL: relay.endpoint })
})
afterAll(async () => {
  clip?.dispose()
  restore()
  await relay?.close()
})

test('on a server without conditional PUT no archive is made, and nothing of one stays', async ({ skip }) => {
  skip(!s3.server, s3.missing)
  relay!.trouble = ({ headers }) => {
    delete headers['if-none-match']
    return false
  }
  const open = Archive.open('s3://plain/archive', { clip, cache: join(await temporaryFolder(), 'cache') })
  await expect(open).rejects.toThrow(expect.toHaveCode('ERR_WORDMASK_IO', /no conditional PUT/))
  const left: string[] = []
  for await (const { uri } of new S3Store().list('s3://plain')) left.push(uri)
  expect(left).toEqual([])
})
