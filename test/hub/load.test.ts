import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Clip } from '../../lib'
import { describeCheckpoint } from '../../lib/families'
import { pullModel } from '../../lib/hub/pull'
import { FakeHub } from './fake-hub'

/** A Hugging Face folder with two shards, as transformers wrote it. */
const folder = fileURLToPath(new URL('../fixtures/golden/huggingface/', import.meta.url))
const id = 'hf-hub:org/tiny'
const names = ['HF_ENDPOINT', 'HF_HUB_CACHE', 'HF_HUB_OFFLINE', 'HF_TOKEN'] as const
const before = Object.fromEntries(names.map((name) => [name, process.env[name]]))
let hub: FakeHub
let scratch: string

beforeAll(async () => {
  hub = await FakeHub.start()
  const files = Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]))
  hub.repositories['org/tiny'] = {
    commit: 'd'.repeat(40),
    card: { license: 'cc0-1.0' },
    files: { ...files, 'README.md': '---\nlicense: cc0-1.0\n---\n' },
  }
  scratch = mkdtempSync(join(tmpdir(), 'wordmask-load-'))
  Object.assign(process.env, { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: scratch, HF_HUB_OFFLINE: '', HF_TOKEN: '' })
})
afterAll(async () => {
  for (const name of names) {
    if (before[name] === undefined) delete process.env[name]
    else process.env[name] = before[name]
  }
  rmSync(scratch, { recursive: true, force: true })
  await hub.close()
})

it('load never downloads; after model pull the same ID loads, as the folder does', async () => {
  const refused = await Clip.load(id).catch((error) => error)
  expect(refused).toHaveCode('ERR_WORDMASK_MODEL_NOT_FOUND', /npx wordmask model pull hf-hub:org\/tiny/)
  expect(hub.seen).toEqual([])

  await pullModel(id)
  const asked = hub.seen.length
  await using pulled = await Clip.load(id, { device: 'cpu', dtype: 'float32' })
  await using direct = await Clip.load(folder, { device: 'cpu', dtype: 'float32' })
  expect(hub.seen).toHaveLength(asked)
  expect(pulled.info).toMatchObject({ name: id, licence: 'cc0-1.0', embedDim: direct.info.embedDim, parameters: direct.info.parameters })
  const pixels = { data: Uint8Array.from({ length: 48 * 48 * 3 }, (_, i) => (i * 37) % 256), width: 48, height: 48, channels: 3 as const }
  const [ours, theirs] = [await pulled.encodeImage([pixels]), await direct.encodeImage([pixels])]
  expect([...ours.data]).toEqual([...theirs.data])
  expect(ours.data.some((value) => value !== 0)).toBe(true)

  expect(await describeCheckpoint(id)).toMatchObject({
    family: 'clip',
    runnable: true,
    parameters: direct.info.parameters,
    licence: { text: 'cc0-1.0' },
  })
})
