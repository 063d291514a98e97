import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { Segmenter, trainSegmenter, writeLabelMap } from '../../lib/index'
import { parseClasses } from '../../lib/text/classes'
import { sceneClasses as classes, labelledFolder, scenes, temporary } from './segmenter-tiny'

const side = 48
const pictures = await scenes(8, side)
const folders = (count = 8) => labelledFolder(pictures.slice(0, count), 'a')
const quick = {
  classes,
  size: side,
  width: 0.25,
  batchSize: 4,
  learningRate: 5e-3,
  backboneLearningRate: 5e-3,
  backboneNormMomentum: 0.1,
  augment: { scaleLow: 1, scaleHigh: 1, jitter: 0, blur: 0 },
  workers: 1,
  logEvery: 2,
}

describe('trainSegmenter', () => {
  test('leaves a folder that Segmenter.load takes: it labels the pictures as validation said', async () => {
    const data = await folders()
    const into = join(temporary(), 'run')
    const options = { ...quick, ...data, validation: data, into, steps: 80, validateEvery: 80, dropout: 0, samples: 1, licence: 'CC0' }
    const trained = await trainSegmenter(options)
    expect(trained).toMatchObject({ folder: into, steps: 80, images: 8, rejected: 0, stoppedEarly: false })
    expect(trained.notes[0]).toMatch(/random weights/)
    expect(readdirSync(into).sort()).toEqual([
      'checkpoint.safetensors',
      'last.safetensors',
      'metrics.jsonl',
      'metrics.svg',
      'model.safetensors',
      'samples',
      'sources.json',
      'wordmask.json',
    ])
    expect(existsSync(join(into, 'samples', 'step-000080', '0.png'))).toBe(true)
    for (const word of ['<svg', 'mIoU', 'learning rate']) expect(readFileSync(trained.plot, 'utf8')).toContain(word)

    await using segmenter = await Segmenter.load(into)
    expect(segmenter.method).toBe('deeplabv3plus')
    expect(segmenter.classes!.map(({ name }) => name)).toEqual(classes)
    let [right, all] = [0, 0]
    for (const [i, { labels }] of pictures.entries()) {
      const answer = await segmenter.segment(join(data.images, 'a', `${i}.png`))
      expect(answer.protocol).toMatchObject({ method: 'deeplabv3plus', size: { width: side, height: side } })
      labels.forEach((label, k) => {
        right += Number(answer.labels[k] === label)
        all++
      })
      const masks = await answer.masks()
      expect(masks.every(({ score }) => score > 0.5 && score <= 1.0001)).toBe(true)
    }
    const logged = readFileSync(trained.metrics, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(right / all).toBeCloseTo(logged.find((line) => line.miou !== undefined).accuracy, 6)
  })

  test('with validateRefine the mIoU after the CRF is measured as Segmenter gives it, and the best of it is kept', async () => {
    const data = await folders(6)
    const into = join(temporary(), 'run')
    const seen: { step: number; miou: number; crfMiou: number }[] = []
    const trained = await trainSegmenter({
      ...{ ...quick, ...data, validation: data, into, steps: 24, validateEvery: 8, samples: 0, validateRefine: 'crf' },
      onMetrics: ({ step, miou, crfMiou }) => {
        if (miou !== undefined) seen.push({ step, miou, crfMiou: crfMiou as number })
      },
    })
    expect(seen.map(({ step }) => step)).toEqual([8, 16, 24])
    const best = seen.reduce((a, b) => (b.crfMiou > a.crfMiou ? b : a))
    expect(trained).toMatchObject({ miou: best.crfMiou, bestStep: best.step })
    expect(seen.some(({ miou, crfMiou }) => miou !== crfMiou)).toBe(true)
    await using segmenter = await Segmenter.load(into)
    for (const [refine, expected] of [
      [null, best.miou],
      ['crf', best.crfMiou],
    ] as const) {
      const [both, either] = [new Float64Array(2), new Float64Array(2)]
      for (const [i, { labels: truth }] of pictures.slice(0, 6).entries()) {
        const { labels } = await segmenter.segment(join(data.images, 'a', `${i}.png`), { refine })
        for (const c of [0, 1])
          truth.forEach((value, k) => {
            both[c]! += Number(value === c && labels[k] === c)
            either[c]! += Number(value === c || labels[k] === c)
          })
      }
      expect((both[0]! / either[0]! + both[1]! / either[1]!) / 2).toBeCloseTo(expected, 6)
    }
    await expect(trainSegmenter({ ...quick, ...data, into: join(temporary(), 'run'), steps: 1, validateRefine: 'crf' })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /validateRefine/,
    )
  })

  test('with a background label 0 is none of the classes; images of any size are labelled at their size', async () => {
    const data = await folders(4)
    const into = join(temporary(), 'run')
    await trainSegmenter({ ...quick, ...data, classes: ['thing'], background: true, into, steps: 2, samples: 0 })
    await using segmenter = await Segmenter.load(into)
    const answer = await segmenter.segment({ data: new Uint8Array(70 * 31 * 3).fill(80), width: 70, height: 31, channels: 3 })
    expect([answer.width, answer.height, answer.firstLabel]).toEqual([70, 31, 1])
    expect(answer.protocol.size).toEqual({ width: 108, height: 48 })
    expect((await answer.scores()).shape).toEqual([1, 12, 27])
    const copy = join(temporary(), 'copy')
    await segmenter.save(copy)
    await using again = await Segmenter.load(copy)
    expect((await again.segment({ data: new Uint8Array(70 * 31 * 3).fill(80), width: 70, height: 31, channels: 3 })).labels).toEqual(
      answer.labels,
    )
    for (const given of [{ classes: ['fox'] }, { background: null }])
      await expect(segmenter.segment(join(data.images, 'a', '0.png'), given)).rejects.toHaveCode('ERR_WORDMASK_CLASSES', /trained with/)
    await expect(segmenter.segment(join(data.images, 'a', '0.png'), { templates: 'imagenet' })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /reads no names for templates/,
    )
    await expect(segmenter.segment(join(data.images, 'a', '0.png'), { slide: { crop: 16, stride: 8 } })).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /slide/,
    )
    expect(() => segmenter.clip).toThrow(/reads no names/)
  })

  test('lets the event loop go on; an abort leaves a checkpoint, and the same call ends as one never stopped', async () => {
    const data = await folders(4)
    const options = { ...quick, ...data, steps: 12, logEvery: 1, samples: 0 }
    const stop = new AbortController()
    let ticks = 0
    const timer = setInterval(() => ++ticks, 5)
    const stopped = { ...options, into: join(temporary(), 'run') }
    await expect(
      trainSegmenter({ ...stopped, signal: stop.signal, onMetrics: ({ step }) => step === 5 && stop.abort() }),
    ).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(5)
    expect(existsSync(join(stopped.into, 'wordmask.json'))).toBe(false)
    await trainSegmenter(stopped)
    const whole = await trainSegmenter({ ...options, into: join(temporary(), 'run') })
    expect(readFileSync(join(stopped.into, 'model.safetensors')).equals(readFileSync(whole.file))).toBe(true)
  })

  test('another training starts from the folder of one before: from all of it, or from its backbone for other names', async () => {
    const data = await folders(4)
    const first = await trainSegmenter({ ...quick, ...data, into: join(temporary(), 'first'), steps: 2 })
    const still = { ...quick, ...data, steps: 1, learningRate: 1e-12, backboneLearningRate: 0, learningRateFloor: 0, weightDecay: 0 }
    const again = await trainSegmenter({ ...still, initial: first.folder, into: join(temporary(), 'again') })
    expect(again.notes[0]).toContain(`starts from ${first.folder}`)
    const other = { ...still, classes: ['sky', 'thing', 'sea'], backboneWeights: first.folder, into: join(temporary(), 'other') }
    const onBackbone = await trainSegmenter(other)
    const read = async (file: string, key: string) => (await binding().readTensor([file], key, {})).data
    for (const key of ['backbone.features.0.0.weight', 'backbone.features.17.conv.2.weight'])
      for (const { file } of [again, onBackbone]) expect(await read(file, key)).toEqual(await read(first.file, key))
    const head = 'classifier.classifier.0.body.1.weight'
    expect(await read(onBackbone.file, head)).not.toEqual(await read(first.file, head))
    const missing = { ...other, into: join(temporary(), 'missing'), backboneWeights: temporary() }
    await expect(trainSegmenter(missing)).rejects.toMatchObject({ code: 'ERR_WORDMASK_FILE_NOT_FOUND', message: /model\.safetensors/ })
  })

  test('a broken image, a missing and a smaller label map are reported and left out', async () => {
    const data = await folders(5)
    writeFileSync(join(data.images, 'a', '0.png'), 'no image')
    writeFileSync(join(data.images, 'a', '9.png'), readFileSync(join(data.images, 'a', '1.png')))
    const small = { labels: new Uint8Array(4), width: 2, height: 2, classes: parseClasses(classes), firstLabel: 0 as const }
    await writeLabelMap(join(data.labels, 'a', '2.png'), small)
    const rejects: string[] = []
    const onReject = (image: string, { code }: { code: string }) => rejects.push(`${image.slice(-5)} ${code}`)
    const trained = await trainSegmenter({ ...quick, ...data, into: join(temporary(), 'run'), steps: 1, samples: 0, onReject })
    expect(trained).toMatchObject({ images: 3, rejected: 3 })
    expect(rejects).toEqual(['0.png ERR_WORDMASK_IMAGE', '2.png ERR_WORDMASK_IMAGE', '9.png ERR_WORDMASK_FILE_NOT_FOUND'])
  })

  test('a label value without a class names the file, the value and what to do; ignored, it counts nowhere', async () => {
    const data = await folders(3)
    const odd = {
      labels: pictures[0]!.labels.map((label) => (label === 1 ? 11 : 0)),
      width: side,
      height: side,
      classes: parseClasses(classes),
      firstLabel: 0 as const,
    }
    await writeLabelMap(join(data.labels, 'a', '0.png'), odd)
    const options = { ...quick, ...data, into: join(temporary(), 'run'), steps: 1, samples: 0 }
    await expect(trainSegmenter(options)).rejects.toHaveCode('ERR_WORDMASK_CLASSES', /0\.png holds the label value 11.*ignore/)
    expect((await trainSegmenter({ ...options, ignore: [11, 255] })).images).toBe(3)
  })

  test('label maps that ignore every pixel are refused, for a training and for its validation; one that does not will do', async () => {
    const [data, none] = [await folders(2), await labelledFolder(pictures.slice(0, 2), 'a')]
    const nothing = { labels: new Uint8Array(side * side).fill(255), width: side, height: side, firstLabel: 0 as const }
    const all = { ...nothing, classes: parseClasses(classes) }
    for (const name of ['0.png', '1.png']) await writeLabelMap(join(none.labels, 'a', name), all)
    const options = { ...quick, ...data, into: join(temporary(), 'run'), steps: 1, samples: 0 }
    for (const wrong of [none, { validation: none }])
      await expect(trainSegmenter({ ...options, ...wrong })).rejects.toHaveCode('ERR_WORDMASK_CLASSES', /all are ignored/)
    await writeLabelMap(join(data.labels, 'a', '0.png'), all)
    expect((await trainSegmenter(options)).images).toBe(2)
  })

  test('pictures that changed since the training began are refused', async () => {
    const data = await folders(4)
    const stop = new AbortController()
    const options = { ...quick, ...data, into: join(temporary(), 'run'), steps: 6, logEvery: 1, samples: 0 }
    await expect(trainSegmenter({ ...options, signal: stop.signal, onMetrics: () => stop.abort() })).rejects.toHaveCode(
      'ERR_WORDMASK_ABORTED',
    )
    writeFileSync(join(data.images, 'a', '0.png'), readFileSync(join(data.images, 'a', '1.png')))
    await expect(trainSegmenter(options)).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /have changed since/)
  })

  test.each([
    [{}, 'ERR_WORDMASK_INVALID_ARGUMENT', /images/],
    [{ images: 'x', labels: 'y', classes: ['a'], into: 'z', batchSize: 1 }, 'ERR_WORDMASK_INVALID_ARGUMENT', /batchSize/],
    [{ images: 'x', labels: 'y', classes: ['a'], into: 'z', ignore: [0] }, 'ERR_WORDMASK_INVALID_ARGUMENT', /ignore/],
    [
      { images: 'x', labels: 'y', classes: ['a'], into: 'z', patience: 2 },
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /validation set beside it for patience/,
    ],
    [{ images: 'x', labels: 'y', classes: ['a'], into: 'z', augment: { scaleLow: 3 } }, 'ERR_WORDMASK_INVALID_ARGUMENT', /scaleHigh/],
    [
      { images: 'x', labels: 'y', classes: ['a'], into: 'z', initial: 'a', backboneWeights: 'b' },
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /initial/,
    ],
    [{ images: 'x', labels: 'y', classes: ['a'], into: 'z', backboneWeights: '/none.pth' }, 'ERR_WORDMASK_FILE_NOT_FOUND', /none\.pth/],
    [{ images: 'x', labels: 'y', classes: ['a'], into: 'x/run' }, 'ERR_WORDMASK_INVALID_ARGUMENT', /outside the images and label maps/],
    [
      { images: 'x', labels: 'y', classes: ['a'], into: './v/', validation: { images: 'u', labels: 'v' } },
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /outside .* for into/,
    ],
    [{ images: '/none', labels: '.', classes: ['a'], into: '/tmp/z' }, 'ERR_WORDMASK_FILE_NOT_FOUND', /none/],
    [{ images: 'x', labels: 'y', classes: ['a'], into: 'z', stepz: 4 }, 'ERR_WORDMASK_UNKNOWN_OPTION', /steps/],
  ])('%j is refused', async (given, code, message) => {
    await expect(trainSegmenter(given as never)).rejects.toHaveCode(code, message)
  })
  test("'deeplabv3plus' is no method to create", async () => {
    await expect(Segmenter.create({ method: 'deeplabv3plus' } as never)).rejects.toHaveCode(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      /Segmenter\.load/,
    )
  })
})
