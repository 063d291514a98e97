import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { WordmaskError } from '../../lib/errors'
import { isRedacted, redact, redactAll, unsigned } from '../../lib/redact'
import { differences, type RunFacts, RunRecord } from '../../lib/run/run-file'

describe('redact', () => {
  test.each([
    ['https://jane:hunter2@host/a.tar', 'https://***@host/a.tar'],
    ['redis://:p@ss@host:6379/0', 'redis://***@host:6379/0'],
    ['https://ghp_0123@host/x', 'https://***@host/x'],
    ['read https://h/a?X-Amz-Signature=ab12&part=2 and go on', 'read https://h/a?X-Amz-Signature=***&part=2 and go on'],
    ['https://h/a?AWSAccessKeyId=A&Expires=9&Signature=b%2F=', 'https://h/a?AWSAccessKeyId=***&Expires=9&Signature=***'],
    ['https://h/a?sv=1&sig=x%3D', 'https://h/a?sv=1&sig=***'],
    ['https://h/a?api_key=1#t', 'https://h/a?api_key=***#t'],
  ])('%s', (text, shown) => {
    expect(redact(text)).toBe(shown)
    expect(isRedacted(redact(text))).toBe(true)
    expect(redact(shown)).toBe(shown)
  })

  test.each(['/data/me@home/x.jpg', 's3://bucket/user@host/key.jpg', 'https://host/a@b?page=2', 'a fox, what key=1', 'jane@example.org'])(
    '%s holds nothing to hide',
    (text) => {
      expect(redact(text)).toBe(text)
      expect(isRedacted(text)).toBe(false)
    },
  )

  test('every error of the package', () => {
    expect(new WordmaskError('ERR_WORDMASK_IO', 'Cannot reach redis://:hunter2@host/0').message).toBe('Cannot reach redis://***@host/0')
  })

  test('reaches into lists and records', () => {
    expect(redactAll({ a: ['https://a:b@c', 1], d: { e: 'https://c?sig=1' }, f: null })).toEqual({
      a: ['https://***@c', 1],
      d: { e: 'https://c?sig=***' },
      f: null,
    })
  })
})

describe('an address without what signs it', () => {
  test.each([
    ['https://jane:hunter2@host/a.tar', 'https://host/a.tar'],
    [
      'https://h/a.tar?X-Amz-Algorithm=AWS4&X-Amz-Date=2026&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=ab',
      'https://h/a.tar',
    ],
    ['https://h/a.tar?part=2&Expires=9&Signature=b%2F=&Key-Pair-Id=K#t', 'https://h/a.tar?part=2#t'],
    ['https://h/a.tar?sv=2024&se=2027&sr=b&sp=r&sig=x%3D', 'https://h/a.tar'],
    ['https://h/a?token=1', 'https://h/a'],
  ])('%s', (uri, left) => {
    expect(unsigned(uri)).toBe(left)
    expect(unsigned(left)).toBe(left)
  })

  test.each(['https://h/a.tar?sp=3&part=2', '/data/a?token=1.jpg', 's3://b/k?sig=1', 'https://h/a@b.jpg', 'http://h/{000..999}.tar'])(
    '%s stays as it is',
    (uri) => expect(unsigned(uri)).toBe(uri),
  )
})

test('run.json keeps no password and no signature, and a second sitting with them is the same run', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wordmask-secrets-'))
  const source = (secret: string) => `https://jane:${secret}@host/shards/{000..099}.tar?X-Amz-Signature=${secret}`
  const facts = (secret: string) =>
    ({
      command: 'index',
      argv: ['index', source(secret), '--queue', `rediss://:${secret}@redis:6380/0`],
      cwd: '/',
      device: 'cpu',
      dtype: 'float32',
      threads: 1,
      model: { name: 'm', family: 'clip', licence: 'MIT', weights: [] },
      classes: [],
      seed: 0,
      settings: { sources: [source(secret)] },
      notes: [`slow: ${source(secret)}`],
      libtorch: '',
      addon: '',
    }) satisfies RunFacts
  await RunRecord.start(folder, facts('hunter22'))
  const second = await RunRecord.start(folder, facts('changed-since'))
  const run = await second.finish('done')
  expect(readFileSync(join(folder, 'run.json'), 'utf8')).not.toMatch(/hunter22|changed-since|jane/)
  expect(run.sittings).toBe(2)
  expect(differences(run.settings, facts('hunter22').settings)).toEqual([])
  expect(differences(run.settings, { sources: ['https://host/other.tar'] })).toEqual(['sources'])
  rmSync(folder, { recursive: true })
})

test('no file of lib loads the SDK of S3 when it is itself loaded: start-up does not pay for it', () => {
  const lib = fileURLToPath(new URL('../../lib', import.meta.url))
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const eager = files.filter((name) =>
    /^(import|export) (?!type)[^;]*?from '(@aws-sdk|@smithy)[^']*'/m.test(readFileSync(join(lib, name), 'utf8')),
  )
  expect(eager).toEqual([])
})
