import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Binding } from '../../lib/binding'
import { findClip } from '../../lib/clip/source'
import { knownIds, parseModelId } from '../../lib/hub/ids'
import { selectFiles, shardsOf } from '../../lib/hub/select'
import { hubSettings } from '../../lib/hub/settings'

describe('the variables mean what they mean to huggingface_hub', () => {
  it.each<[string, Record<string, string>, object]>([
    [
      'nothing set',
      { HOME: '/h' },
      { endpoint: 'https://huggingface.co', cache: '/h/.cache/huggingface/hub', token: undefined, offline: false },
    ],
    ['HF_HOME', { HOME: '/h', HF_HOME: '~/models' }, { cache: '/h/models/hub' }],
    ['XDG_CACHE_HOME', { HOME: '/h', XDG_CACHE_HOME: '/x' }, { cache: '/x/huggingface/hub' }],
    [
      'HF_HUB_CACHE wins over HF_HOME',
      { HOME: '/h', HF_HOME: '/a', HF_HUB_CACHE: `$HOME/b/$\{NAME}/$NONE`, NAME: 'n' },
      { cache: '/h/b/n/$NONE' },
    ],
    ['HF_ENDPOINT loses its slash', { HOME: '/h', HF_ENDPOINT: 'http://mirror:1/' }, { endpoint: 'http://mirror:1' }],
    ['HF_TOKEN is trimmed', { HOME: '/h', HF_TOKEN: ' hf_x\n' }, { token: 'hf_x' }],
    ['HF_HUB_OFFLINE=yes', { HOME: '/h', HF_HUB_OFFLINE: 'yes' }, { offline: true }],
    ['HF_HUB_OFFLINE=0', { HOME: '/h', HF_HUB_OFFLINE: '0' }, { offline: false }],
    ['TRANSFORMERS_OFFLINE=1', { HOME: '/h', TRANSFORMERS_OFFLINE: '1' }, { offline: true }],
  ])('%s', (_, env, expected) => {
    expect(hubSettings(env)).toMatchObject(expected)
  })

  it('a token stored by `hf auth login` is used unless HF_HUB_DISABLE_IMPLICIT_TOKEN says no', () => {
    const home = mkdtempSync(join(tmpdir(), 'wordmask-home-'))
    mkdirSync(join(home, '.cache/huggingface'), { recursive: true })
    writeFileSync(join(home, '.cache/huggingface/token'), 'hf_stored\n')
    expect(hubSettings({ HOME: home }).token).toBe('hf_stored')
    expect(hubSettings({ HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }).token).toBeUndefined()
    rmSync(home, { recursive: true })
  })
})

describe('IDs', () => {
  it('of a repository, with and without a revision', () => {
    expect(parseModelId('hf:org/repo')).toEqual({ kind: 'hub', id: 'hf:org/repo', repo: 'org/repo', revision: 'main' })
    expect(parseModelId('hf-hub:org/repo@refs/pr/1')).toMatchObject({ repo: 'org/repo', revision: 'refs/pr/1' })
    expect(parseModelId('hf-hub:gpt2')).toMatchObject({ repo: 'gpt2' })
  })

  it.each(['hf:', 'hf:a/b/c', 'hf:a/..', 'hf:a/b@../x', 'hf:a/b@x@y', 'hf:/etc/passwd', 'hf:a b'])('%j is refused', (id) => {
    expect(() => parseModelId(id)).toThrow(/Expected hf-hub:org\/repo/)
  })

  it('every OpenAI address carries a sha256, and every name is an ID', () => {
    for (const id of knownIds()) {
      const parsed = parseModelId(id)
      if (parsed?.kind === 'openai') expect(parsed.sha256).toMatch(/^[0-9a-f]{64}$/)
      else expect(parsed?.repo).toMatch(/^[\w-]+\/[\w.-]+$/)
    }
    expect(parseModelId('ViT-B-16/openai')).toMatchObject({ kind: 'openai', name: 'ViT-B/16', file: 'ViT-B-16.pt' })
    expect(parseModelId('scenes')).toBeUndefined()
  })
})

describe('loading what was not pulled gives the line to type', () => {
  it.each([
    ['ViT-B/16', 'ViT-B/16'],
    ['ViT-H-14', 'ViT-H-14/laion2b_s32b_b79k'],
    ['ViT-B-32-quickgelu', 'ViT-B/32'],
    ['ViT-B-32/laion2b_s34b_b79k', 'ViT-B-32/laion2b_s34b_b79k'],
    ['org/repo', 'hf-hub:org/repo'],
    ['hf:org/repo@v1', 'hf:org/repo@v1'],
  ])('%s -> model pull %s, which is an ID', async (source, id) => {
    const nothing = async () => undefined
    const reason = await findClip(source, undefined, {} as Binding, nothing, {}).catch((error) => error)
    expect(reason).toHaveCode('ERR_WORDMASK_MODEL_NOT_FOUND', new RegExp(`npx wordmask model pull ${id}\``))
    expect(parseModelId(id)).toBeDefined()
  })
})

describe('which files of a repository make the model', () => {
  it.each<[string, string[], object | undefined]>([
    [
      'open_clip before transformers',
      ['config.json', 'model.safetensors', 'open_clip_config.json', 'open_clip_model.safetensors'],
      { config: 'open_clip_config.json', weights: 'open_clip_model.safetensors' },
    ],
    [
      'safetensors before bin',
      ['config.json', 'model.safetensors', 'open_clip_config.json', 'open_clip_pytorch_model.bin'],
      { config: 'config.json', weights: 'model.safetensors' },
    ],
    ['sharded bin', ['config.json', 'pytorch_model.bin.index.json'], { weights: 'pytorch_model.bin.index.json' }],
    ['weights without their config', ['model.safetensors'], { config: undefined, weights: 'model.safetensors' }],
    ['two weight files of no known name', ['a.pt', 'b.pt'], undefined],
    ['nothing', [], undefined],
  ])('%s', (_, files, expected) => {
    if (expected) expect(selectFiles(files)).toMatchObject(expected)
    else expect(selectFiles(files)).toBeUndefined()
  })

  it.each(['{}', '{"weight_map":{}}', '{"weight_map":{"a":"../b"}}', '{"weight_map":{"a":1}}', '{'])('the index %s is refused', (text) => {
    expect(() => shardsOf('model.safetensors.index.json', text)).toThrow(/index\.json/)
  })
})
