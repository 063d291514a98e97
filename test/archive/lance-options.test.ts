import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@lancedb/lancedb'
import { afterEach, describe, expect, test } from 'vitest'
import { lanceOptions } from '../../lib/archive/lance-options'
import { s3Environment, setEnvironment, withS3 } from '../helpers/s3-server'

const undo: (() => void)[] = []
const within = (values: Record<string, string | undefined>) => undo.push(setEnvironment(values))
afterEach(() => {
  while (undo.length > 0) undo.pop()!()
})
const nothing = {
  ...Object.fromEntries(Object.keys(s3Environment('')).map((name) => [name, undefined])),
  AWS_CONFIG_FILE: '/nowhere/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nowhere/credentials',
}

describe('options from the environment', () => {
  test('a folder needs none', async () => {
    expect(await lanceOptions('/data/photos.lance')).toEqual({})
  })

  test('Amazon: the region, and nothing that makes requests to another server', async () => {
    within({ ...nothing, AWS_DEFAULT_REGION: 'eu-west-1' })
    expect(await lanceOptions('s3://photos/archive.lance')).toEqual({ aws_region: 'eu-west-1', client_max_retries: '5' })
  })

  test('another server: its address, the bucket in the path, http where it is http; no keys', async () => {
    within({ ...nothing, ...s3Environment('http://127.0.0.1:9000/'), AWS_SKIP_SIGNATURE: '1', AWS_REQUEST_PAYER: 'requester' })
    expect(await lanceOptions('s3://photos/archive.lance')).toEqual({
      aws_region: 'us-east-1',
      client_max_retries: '5',
      aws_endpoint: 'http://127.0.0.1:9000',
      aws_virtual_hosted_style_request: 'false',
      allow_http: 'true',
      aws_skip_signature: 'true',
      aws_request_payer: 'true',
    })
    within({ AWS_ENDPOINT_URL_S3: 'https://s3.example.org', AWS_VIRTUAL_HOSTED_STYLE_REQUEST: 'true' })
    expect(await lanceOptions('s3://photos/archive.lance')).toMatchObject({
      aws_endpoint: 'https://s3.example.org',
      aws_virtual_hosted_style_request: 'true',
      allow_http: 'false',
    })
  })
})

describe('a table on S3', () => {
  const s3 = withS3('lance')
  const row = (id: number) => ({ id: `row ${id}`, vector: [id, 1, 2] })
  const open = async (uri: string) => connect(uri, { storageOptions: await lanceOptions(uri) })

  test('is made, appended to and opened anew', async ({ skip }) => {
    skip(!s3.server, s3.missing)
    const uri = 's3://lance/photos.lance'
    const table = await (await open(uri)).createTable('images', [row(1), row(2)])
    await table.add([row(3)])
    const again = await (await open(uri)).openTable('images')
    expect(await again.countRows()).toBe(3)
    expect((await again.query().where("id = 'row 3'").toArray()).map(({ id }) => id)).toEqual(['row 3'])
    await again.optimize()
    expect(await again.countRows()).toBe(3)
  })

  test('two writers at once lose nothing: 16 commits of two connections', async ({ skip }) => {
    skip(!s3.server, s3.missing)
    const uri = 's3://lance/both.lance'
    await (await open(uri)).createTable('images', [row(0)])
    const write = async (from: number) => {
      const table = await (await open(uri)).openTable('images')
      for (let i = 0; i < 8; i++) await table.add([row(from + i)])
    }
    await Promise.all([write(100), write(200)])
    const table = await (await open(uri)).openTable('images')
    expect(new Set((await table.query().toArray()).map(({ id }) => id)).size).toBe(17)
  })

  test('keys of a profile in the files are found by Lance too', async ({ skip }) => {
    skip(!s3.server, s3.missing)
    const folder = mkdtempSync(join(tmpdir(), 'wordmask-lance-'))
    writeFileSync(join(folder, 'config'), `[profile lab]\nregion = us-east-1\nendpoint_url = ${s3.server!.endpoint}\n`)
    writeFileSync(join(folder, 'credentials'), '[lab]\naws_access_key_id = AKIALAB\naws_secret_access_key = lab-secret\n')
    within({
      ...nothing,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PROFILE: 'lab',
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    })
    const uri = 's3://lance/profile.lance'
    await (await open(uri)).createTable('images', [row(1)])
    expect(await (await (await open(uri)).openTable('images')).countRows()).toBe(1)
    rmSync(folder, { recursive: true })
  })
})
