import { copyFileSync, existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { type TrainSegmenterOptions, trainSegmenter } from '../../lib/index'
import { makeFolder } from '../../lib/setup/make-folder'
import { sceneClasses as classes, labelledFolder, scenes, temporary } from './segmenter-tiny'

const side = 48
const pictures = await scenes(3, side)
const folders = () => labelledFolder(pictures)
const quick = {
  classes,
  size: side,
  width: 0.25,
  batchSize: 2,
  workers: 1,
  logEvery: 1,
  samples: 0,
  steps: 3,
}
const train = (more: Pick<TrainSegmenterOptions, 'images' | 'labels' | 'into'> & Partial<TrainSegmenterOptions>) =>
  trainSegmenter({ ...quick, ...more })
const aborted = (more: Parameters<typeof train>[0]) => {
  const stop = new AbortController()
  return expect(train({ ...more, signal: stop.signal, onMetrics: () => stop.abort() })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
}
const refused = ['ERR_WORDMASK_INVALID_ARGUMENT', /have changed since the training in .* began/] as const

test('label maps that are not there are told once, and not of each image', async () => {
  const { images, labels } = await folders()
  const rejected: string[] = []
  const onReject = (image: string) => void rejected.push(image)
  const into = temporary()
  await expect(train({ images, labels: `${labels}-gone`, into, onReject })).rejects.toHaveCode(
    'ERR_WORDMASK_FILE_NOT_FOUND',
    /The folder of label maps is missing: .*-gone/,
  )
  expect(rejected).toEqual([])
})

test('weights of somebody are not written over', async () => {
  const into = temporary()
  await makeFolder(into)
  writeFileSync(join(into, 'model.safetensors'), 'precious')
  await expect(train({ ...(await folders()), into })).rejects.toHaveCode(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    /holds model\.safetensors that no training/,
  )
  expect(readFileSync(join(into, 'model.safetensors'), 'utf8')).toBe('precious')
})

describe('a training goes on only from what it began with', () => {
  test('pictures that changed are refused as often as they are given, and the right ones go on', async () => {
    const data = await folders()
    const into = join(temporary(), 'run')
    const one = join(data.images, '0.png')
    const [bytes, time] = [readFileSync(one), new Date(1e12)]
    utimesSync(one, time, time)
    await aborted({ ...data, into })
    copyFileSync(join(data.images, '1.png'), one)
    for (let i = 0; i < 2; i++) await expect(train({ ...data, into })).rejects.toHaveCode(...refused)
    expect(existsSync(join(into, 'wordmask.json'))).toBe(false)
    writeFileSync(one, bytes)
    utimesSync(one, time, time)
    expect(await train({ ...data, into })).toMatchObject({
      steps: 3,
      images: 3,
    })
  })

  test('a training that is done does not pass for one of other pictures; of the same it is the answer', async () => {
    const data = await folders()
    const into = join(temporary(), 'run')
    const first = await train({ ...data, into })
    const weights = readFileSync(first.file)
    expect(await train({ ...data, into })).toMatchObject({
      steps: 3,
      images: 3,
    })
    expect(weights.equals(readFileSync(first.file))).toBe(true)
    copyFileSync(join(data.images, '1.png'), join(data.images, '9.png'))
    copyFileSync(join(data.labels, '1.png'), join(data.labels, '9.png'))
    await expect(train({ ...data, into })).rejects.toHaveCode(...refused)
  })

  test('other first weights, and another validation set, are refused', async () => {
    const data = await folders()
    const [a, b] = [await train({ ...data, into: join(temporary(), 'a') }), await train({ ...data, into: join(temporary(), 'b'), seed: 1 })]
    const into = join(temporary(), 'run')
    const validation = await folders()
    await aborted({ ...data, into, initial: a.file, validation })
    await expect(train({ ...data, into, initial: b.file, validation })).rejects.toHaveCode(refused[0], /^The first weights have changed/)
    await expect(train({ ...data, into, initial: a.file, validation: await folders() })).rejects.toHaveCode(refused[0], /validation set/)
    expect(await train({ ...data, into, initial: a.file, validation })).toMatchObject({ steps: 3 })
  })

  test('two calls for one folder: the second one waits, says so, and finds the answer of the first', async () => {
    const data = await folders()
    const into = join(temporary(), 'run')
    const warned: string[] = []
    const onWarning = ({ message }: Error) => warned.push(message)
    process.on('warning', onWarning)
    const both = await Promise.all([1, 2].map(() => train({ ...data, into })))
    process.off('warning', onWarning)
    expect(both.map(({ file, steps }) => ({ file, steps }))).toEqual(Array(2).fill({ file: join(into, 'model.safetensors'), steps: 3 }))
    expect(readFileSync(join(into, 'metrics.jsonl'), 'utf8').match(/"loss"/g)).toHaveLength(3)
    expect(warned).toEqual([expect.stringMatching(/works in .*run: waiting/)])
    expect(existsSync(join(into, '.lock'))).toBe(false)
  })

  test('what a killed process left of packed pictures is taken away', async () => {
    const data = await folders()
    const into = join(temporary(), 'run')
    await makeFolder(into)
    writeFileSync(join(into, '.data.safetensors.12345678.partial'), 'half')
    await train({ ...data, into })
    expect(readdirSync(into).filter((name) => name.endsWith('.partial'))).toEqual([])
  })
})

test('two images whose names differ in the ending alone would share a label map: the second one is told and left out', async () => {
  const data = await folders()
  writeFileSync(join(data.images, '1.jpg'), await sharp(join(data.images, '1.png')).jpeg().toBuffer())
  const told: string[] = []
  const onReject = (image: string, { code, message }: Error & { code: string }) => told.push(`${image.slice(-5)} ${code} ${message}`)
  expect(await train({ ...data, into: join(temporary(), 'run'), onReject })).toMatchObject({ images: 3, rejected: 1 })
  expect(told).toEqual([expect.stringMatching(/^1\.png ERR_WORDMASK_INVALID_ARGUMENT .*label map of 1\.jpg/)])
})
