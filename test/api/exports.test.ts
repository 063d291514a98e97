import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { encodePng } from '../../lib/image/png'
import * as wordmask from '../../lib/index'
import { Scores } from '../../lib/segmenter/scores'
import { goldenFile } from '../helpers/golden'
import { saveNetwork } from '../onnx/saved'
import { drawWeights } from '../onnx/weights'
import { optionNames } from './option-names'
import { noise, saveTinyClip, temporaryFolder } from './tiny-clip'

const { Archive, Clip, CuratedSet, Encoder, Segmentation, Segmenter, Tokenizer, WordmaskError } = wordmask
const bad = [
  undefined,
  null,
  3,
  -1,
  Number.NaN,
  2 ** 53,
  true,
  '',
  'x',
  {},
  Object.create(null),
  [],
  new Array(1),
  [null],
  [{}],
  new Map(),
  Symbol('s'),
  () => 3,
  new Uint8Array(3),
  Promise.resolve(3),
]

/** A curated set of one image that is not there any more. */
const curatedLines = [
  {
    ...{
      format: 'wordmask-curated',
      version: 1,
      images: 1,
      origin: { archive: 'a', rows: 1, model: { name: 'm', licence: 'MIT', sha256: [] }, settings: {} },
    },
    classes: [{ entry: { name: 'fox', id: 1, synonyms: [], negatives: [], color: [1, 2, 3] }, wanted: 1, dropped: {} }],
  },
  {
    id: '/none.png',
    uri: '/none.png',
    width: 2,
    height: 2,
    bytes: 9,
    sha256: '',
    phash: '',
    addedAt: '',
    class: 'fox',
    rank: 0,
    score: 0.3,
  },
]
  .map((line) => `${JSON.stringify(line)}\n`)
  .join('')
const folder = await temporaryFolder()
const home = process.cwd()
const image = noise(40, 32)
const classes = wordmask.parseClasses(['fox', 'grass'])
let rows: [name: string, call: (...given: any[]) => unknown, good: unknown[]][]
let close: () => Promise<void>

/** Every exported function and every public method, with arguments that are right. */
beforeAll(async () => {
  // One thread: these tests are about order and arguments, and must not depend on how busy the cores are.
  binding().setThreads(1)
  // Paths that are no path must not land in the checkout.
  process.chdir(folder)
  const file = await saveTinyClip(folder)
  const labels = join(folder, 'labels.png')
  await writeFile(labels, await encodePng({ width: 2, height: 1, data: Uint8Array.from([0, 1]), channels: 1, depth: 8 }))
  const list = join(folder, 'classes.txt')
  await writeFile(list, 'fox\n')
  const curated = join(folder, 'curated.jsonl')
  await writeFile(curated, curatedLines)
  const clip = await Clip.load(file, { device: 'cpu' })
  const segmenter = await Segmenter.create({ clip, classes: ['fox', 'grass'], size: 32 })
  await segmenter.save(join(folder, 'saved'))
  const s = await segmenter.segment(image)
  const masks = await s.masks()
  const network = await saveNetwork(join(folder, 'network'), drawWeights('mobilenet', 5, 3))
  const tokenizer = await Tokenizer.load()
  const result = { labels: s.labels, width: 40, height: 32, counts: [1280, 0] }
  const scores = new Scores([{ data: new Float32Array(2), shape: [1, 1, 2] }], 100)
  const encoder = await Encoder.load(goldenFile('encoders/deit.weights.safetensors'), { device: 'cpu' })
  const archive = await Archive.open(join(folder, 'archive'), { clip })
  const { background, protocol } = s
  close = async () => {
    await archive.close()
    encoder.dispose()
    clip.dispose()
  }
  const on = <T extends object>(name: string, receiver: T, methods: Record<string, unknown[]>) =>
    Object.entries(methods).map(
      ([method, good]) => [`${name}.${method}`, (...given: unknown[]) => (receiver as any)[method](...given), good] as const,
    )
  rows = [
    ...on('wordmask', wordmask, {
      embedImages: [clip, [{ id: 'a', uri: 'a', bytes: async () => new Uint8Array(3) }], { batchSize: 1 }],
      indexSources: [archive, join(folder, 'no-images')],
      indexStatus: [join(folder, 'archive')],
      pseudoLabel: [join(folder, 'no-images'), { segmenter: join(folder, 'saved'), into: join(folder, 'pseudo') }],
      runWorker: [{ queue: { url: 'redis://127.0.0.1/0' }, signal: AbortSignal.abort() }],
      decodeImage: [image, { orient: true }],
      readLabelMap: [labels],
      compressRuns: [
        [1, 2],
        [1, 3],
      ],
      expandRuns: ['12', [1, 3]],
      classesFromArgument: ['fox,grass'],
      parseClassText: ['fox', 'a file'],
      readClassFile: [list],
      readDecisions: [[{ class: 'fox', id: 'a', decision: 'accept' }]],
      parseClasses: [['fox'], (i: number) => `class ${i}`],
      trainClip: [{ into: join(folder, 'run'), clip: 'no-such-clip', data: { pixels: 'none', tokens: 'none' } }],
      buildSpecialist: [{ into: join(folder, 'fox'), archive: join(folder, 'no-archive'), names: ['fox'] }],
      trainSegmenter: [
        { into: join(folder, 'run'), images: join(folder, 'no-images'), labels: join(folder, 'no-labels'), classes: ['fox'] },
      ],
      cocoCategories: [classes],
      cocoAnnotations: [masks, 1, 1],
      writeCoco: [join(folder, 'coco.json'), classes, [{ file_name: 'a.jpg', width: 40, height: 32, masks }]],
      writeCutouts: [join(folder, 'cut'), image, s, {}],
      writeVoc: [join(folder, 'voc'), classes, [{ name: 'a', segmentation: s, masks }]],
      writeCvat: [join(folder, 'cvat'), classes, [{ name: 'a', segmentation: s, masks }]],
      writeYolo: [join(folder, 'yolo'), classes, [{ file_name: 'a.jpg', width: 40, height: 32, masks }], { minArea: 2 }],
      writeLabelStudio: [join(folder, 'tasks.json'), classes, [{ file_name: 'a.jpg', width: 40, height: 32, masks }], { imagePrefix: '/' }],
      labelStudioConfig: [classes],
      writeCsv: [join(folder, 'a.csv'), classes, [{ file_name: 'a.jpg', width: 40, height: 32, masks }]],
      maskPolygons: [masks[0]],
      exportModel: [network, { format: 'onnx', into: join(folder, 'network.onnx') }],
      jsonLine: ['a.jpg', s, masks],
      encodeLabelMap: [s],
      writeLabelMap: [join(folder, 'map.png'), s],
      writeOverlay: [join(folder, 'overlay.png'), image, s, { legend: false }],
    }),
    ...on('Clip', Clip, { load: [file, { device: 'cpu' }] }),
    ...on('Encoder', Encoder, { load: [goldenFile('encoders/deit.weights.safetensors'), { device: 'cpu' }] }),
    ...on('encoder', encoder, { features: [image, { size: 64 }] }),
    ...on('Segmenter', Segmenter, { create: [{ clip, classes: ['fox'] }], load: [join(folder, 'saved'), { device: 'cpu' }] }),
    ...on('Tokenizer', Tokenizer, { load: [] }),
    ...on('CuratedSet', CuratedSet, { load: [curated] }),
    ...on('curated', await CuratedSet.load(curated), {
      images: [],
      summary: [],
      save: [join(folder, 'saved.jsonl')],
      review: [join(folder, 'review.html'), { maxBytes: 1e6 }],
      measure: [await wordmask.readDecisions([{ class: 'fox', id: '/none.png', decision: 'accept', audit: 'd923666e6af7cf83-0-5' }])],
      export: [{ format: 'jsonl', into: join(folder, 'export'), overwrite: true }],
    }),
    ...on('clip', clip, {
      encodeImage: [[image], { batchSize: 2 }],
      encodeText: [['fox'], { templates: ['a {}'] }],
      tokenize: [['fox']],
      preprocess: [image, {}],
      denseFeatures: [image, { size: 32 }],
      classify: [image, ['fox'], {}],
      classVectors: [classes, 'none', {}],
      save: [join(folder, 'copy.safetensors'), {}],
    }),
    ...on('segmenter', segmenter, {
      segment: [image, { size: 32 }],
      segmentAll: [[image], { concurrency: 1 }],
      save: [join(folder, 'again'), {}],
    }),
    ...on('segmentation', s, { scores: [{ at: 'grid' }], masks: [{ minArea: 2 }] }),
    ...on('tokenizer', tokenizer, {
      encodeWords: ['fox'],
      encode: ['fox'],
      tokenize: [['fox'], 20, new Set([320])],
      length: ['fox'],
      decode: [[320]],
    }),
    ['new Archive', (...given) => new (Archive as any)(...given), []],
    ['new Clip', (...given) => new (Clip as any)(...given), []],
    ['new Encoder', (...given) => new (Encoder as any)(...given), []],
    ['new Segmenter', (...given) => new (Segmenter as any)(...given), []],
    ['new CuratedSet', (...given) => new (CuratedSet as any)(...given), []],
    ['new Tokenizer', (...given) => new (Tokenizer as any)(...given), []],
    ['new Segmentation', (...given) => new (Segmentation as any)(...given), [result, scores, classes, background, protocol]],
  ] as typeof rows
})
afterAll(async () => {
  await close()
  process.chdir(home)
})

/** 'works', or what came instead of a WordmaskError. */
async function outcome(call: (...given: unknown[]) => unknown, given: unknown[]): Promise<string> {
  try {
    const answer: any = await call(...given)
    if (typeof answer?.next === 'function') for await (const _ of answer);
    // What a call made is closed; the shared objects are not answers of any call.
    answer?.dispose?.()
    return 'works'
  } catch (error) {
    if (error instanceof WordmaskError)
      return /^ERR_WORDMASK_(?!INTERNAL)[A-Z_]+$/.test(error.code) ? error.code : `code ${error.code}: ${error}`
    return `not a WordmaskError: ${(error as Error)?.stack ?? String(error)}`
  }
}
const allowed = (text: string) => /^(works|ERR_WORDMASK_[A-Z_]+)$/.test(text)
const show = (value: unknown) => (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value))

test('the table has every exported function and every public method', () => {
  const named = new Set(rows.map(([name]) => name))
  const functions = Object.entries(wordmask).filter(([, value]) => typeof value === 'function')
  const isClass = (value: unknown) => /^class/.test(Function.prototype.toString.call(value))
  for (const [name, value] of functions) {
    // As new Error: what cannot become a text is the language's TypeError.
    if (value === WordmaskError) continue
    expect(named, name).toContain(isClass(value) ? `new ${name}` : `wordmask.${name}`)
  }
  const elsewhere = ['constructor', 'dispose']
  const owners = {
    clip: Clip,
    curated: CuratedSet,
    encoder: Encoder,
    segmenter: Segmenter,
    segmentation: Segmentation,
    tokenizer: Tokenizer,
  }
  for (const [name, value] of Object.entries(owners)) {
    const isMethod = (key: string) => typeof Object.getOwnPropertyDescriptor(value.prototype, key)?.value === 'function'
    const privates = ['check', 'during', 'queue', 'classIndex', 'fill']
    for (const method of Object.getOwnPropertyNames(value.prototype).filter(isMethod)) {
      if (!elsewhere.includes(method) && !privates.includes(method)) expect(named).toContain(`${name}.${method}`)
    }
  }
})

describe('whatever JavaScript brings, a call works or fails with a WordmaskError', () => {
  test('the arguments of the table work', async () => {
    const missing: Record<string, string> = {
      'wordmask.trainClip': 'ERR_WORDMASK_MODEL_NOT_FOUND',
      'wordmask.trainSegmenter': 'ERR_WORDMASK_FILE_NOT_FOUND',
      'wordmask.buildSpecialist': 'ERR_WORDMASK_FILE_NOT_FOUND',
      'wordmask.indexSources': 'ERR_WORDMASK_FILE_NOT_FOUND',
      'wordmask.pseudoLabel': 'ERR_WORDMASK_FILE_NOT_FOUND',
      'wordmask.runWorker': 'ERR_WORDMASK_ABORTED',
    }
    for (const [name, call, good] of rows) {
      if (name.startsWith('new ') && good.length === 0) continue
      expect([name, await outcome(call, good)]).toEqual([name, missing[name] ?? 'works'])
    }
  })

  test('no argument, and the same wrong value for all of them', async () => {
    const wrong: string[] = []
    for (const [name, call] of rows) {
      for (const given of [[], ...bad.map((value) => [value, value, value, value])]) {
        const got = await outcome(call, given)
        if (!allowed(got)) wrong.push(`${name}(${given.map(show).join(', ')}): ${got}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('one wrong value among right ones', async () => {
    const wrong: string[] = []
    for (const [name, call, good] of rows) {
      for (const at of good.keys()) {
        for (const value of bad) {
          const got = await outcome(call, good.with(at, value))
          if (!allowed(got)) wrong.push(`${name}, argument ${at + 1} = ${show(value)}: ${got}`)
        }
      }
    }
    expect(wrong).toEqual([])
  })

  test('every option with every wrong value', async () => {
    const wrong: string[] = []
    for (const [name, call, good] of rows.filter((row) => row[0] in optionNames)) {
      for (const option of optionNames[name]!) {
        for (const value of bad) {
          const got = await outcome(call, good.with(-1, { ...(good.at(-1) as object), [option]: value }))
          if (!allowed(got)) wrong.push(`${name} { ${option}: ${show(value)} }: ${got}`)
        }
        const near = await outcome(call, good.with(-1, { ...(good.at(-1) as object), [`${option}s`]: 1 }))
        if (near !== 'ERR_WORDMASK_UNKNOWN_OPTION') wrong.push(`${name} { ${option}s }: ${near}`)
      }
    }
    expect(wrong).toEqual([])
  })
})
