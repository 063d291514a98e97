import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type BuildSpecialistOptions,
  buildSpecialist,
  exportModel,
  Segmenter,
  type Specialist,
  type SpecialistStage,
} from '../../lib/index'
import { longestSilence } from '../helpers/silence'
import { absentName, name, tiny, world } from './world'

const { archive, folder, photos, truth } = await world()
const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'))
const into = (place: string) => join(folder, place)
const build = (place: string, more: Partial<BuildSpecialistOptions> = {}) =>
  buildSpecialist({ ...tiny, archive, into: into(place), onNote: () => {}, ...more })
const workOf = (place: string, kind: string) => readdirSync(join(into(place), 'work')).filter((file) => file.startsWith(`${kind}-`))

describe('a name that the archive shows', async () => {
  const stages: SpecialistStage[] = []
  const notes: string[] = []
  const learning = { ...tiny.training, steps: 120, batchSize: 4, learningRate: 5e-3, augment: { jitter: 0, blur: 0 } }
  const asked = { truth, audit: 5, compare: ['sea'], training: learning, falsePositives: 500 }
  let built = {} as Specialist
  const { longest } = await longestSilence(async () => {
    built = await build('grass', { ...asked, onStage: (stage) => stages.push(stage), onNote: (note) => notes.push(note) })
  })

  test('gives a folder that loads and segments, by the thresholds of its card', async () => {
    expect(built).toMatchObject({ folder: into('grass'), names: [name], absent: [] })
    await using segmenter = await Segmenter.load(into('grass'))
    expect(segmenter.classes!.map((entry) => entry.name)).toEqual([name])
    const image = join(truth.images, readdirSync(truth.images)[0]!)
    const answer = await segmenter.segment(image)
    const most = Math.exp(Math.max(...(await answer.scores()).data))
    const threshold = json(into('grass'), 'wordmask.json').network.thresholds[0]
    expect(threshold).toBe(built.card!.names[0]!.threshold.value)
    expect(answer.found).toEqual(most >= threshold ? [name] : [])
    await exportModel(into('grass'), { format: 'onnx', into: into('grass.onnx') })
    expect(readFileSync(into('grass.onnx')).includes(String(threshold))).toBe(true)
  })
  test('its card says what it rests on, in numbers and on a page', () => {
    const card = json(into('grass'), 'card.json')
    expect(card).toMatchObject({
      version: 1,
      compare: ['sea'],
      groups: { by: 'folder' },
      training: { steps: 120, composites: 8, size: { width: 48 } },
    })
    expect(card.names[0]).toMatchObject({ name, truth: { iou: expect.any(Number), recoIou: expect.any(Number) } })
    expect(card.contexts).toEqual(expect.arrayContaining(['sand', 'sea']))
    expect(card.contexts.some((context: string) => context.startsWith('place of group '))).toBe(true)
    expect(card.time.reco).toBeGreaterThan(0)
    expect(card.start).toMatch(/random weights/)
    expect(card.licence).toMatch(/^follows from /)
    const page = readFileSync(join(into('grass'), 'card.html'), 'utf8')
    for (const word of ['by truth', 'Threshold of', 'Licence', 'ReCo']) expect(page).toContain(word)
    expect(notes.join('\n')).toMatch(/random weights/)
  })
  test('at least as many images without the name as with, and nothing of a group on both sides', () => {
    const { training, groups, names } = json(into('grass'), 'card.json')
    expect(training.without).toBeGreaterThanOrEqual(training.shown)
    expect(groups.trained + groups.held).toBeLessThanOrEqual(25)
    const answers = json(into('grass'), 'work', workOf('grass', 'answers')[0]!) as { id: string; shown: number[] }[]
    expect(answers.filter(({ shown }) => shown.length > 0).length).toBe(names[0].images.held)
  })
  test('the stages come in their order, and the event loop goes on', () => {
    expect(stages).toEqual(['presence', 'references', 'masks', 'data', 'training', 'measuring'])
    expect(longest).toBeLessThan(1500)
  })
  test('the same call again makes nothing anew', async () => {
    const made = (kind: string) => workOf('grass', kind).map((file) => [file, statSync(join(into('grass'), 'work', file)).mtimeMs])
    const kinds = ['masks', 'set', 'training', 'answers']
    const before = kinds.map(made)
    await build('grass', asked)
    expect(kinds.map(made)).toEqual(before)
  })
  test('two calls for one folder at once end alike; a page that was taken away is made again', async () => {
    rmSync(join(into('grass'), 'review.html'))
    const [one, two] = await Promise.all([build('grass', asked), build('grass', asked)])
    expect(one.card!.names).toEqual(two.card!.names)
    expect(existsSync(join(into('grass'), 'review.html'))).toBe(true)
  })
  test('judged, the audit is on the card, with its interval; the network stays', async () => {
    const page = readFileSync(join(into('grass'), 'audit.html'), 'utf8')
    const { audit } = JSON.parse(/id="facts">([^<]*)</.exec(page)![1]!)
    const ids = [...page.matchAll(/data-id="([^"]+)"/g)].map((match) => match[1]!)
    const said = ids.map((id, i) => ({ class: name, id, decision: i === 0 ? 'reject' : 'accept', audit }))
    writeFileSync(join(into('grass'), 'audit.jsonl'), said.map((one) => `${JSON.stringify(one)}\n`).join(''))
    const before = statSync(join(into('grass'), 'work', workOf('grass', 'training')[0]!)).mtimeMs
    const { card } = await build('grass', { ...asked, truth: undefined as never })
    expect(card!.audited).toMatchObject({ judged: ids.length, right: ids.length - 1 })
    const { low, value, high } = card!.audited!.precision
    expect(value).toBeCloseTo((ids.length - 1) / ids.length, 10)
    expect(low).toBeLessThanOrEqual(value)
    expect(high).toBeGreaterThan(value)
    expect(statSync(join(into('grass'), 'work', workOf('grass', 'training')[0]!)).mtimeMs).toBe(before)
  })
})

describe('review', () => {
  test('stops with a page of masks; what is dropped there is neither learnt from nor measured on', async () => {
    const first = await build('reviewed', { review: true })
    expect(first.card).toBeUndefined()
    expect(existsSync(join(into('reviewed'), 'wordmask.json'))).toBe(false)
    const page = readFileSync(first.review, 'utf8')
    const ids = [...page.matchAll(/data-id="([^"]+)"/g)].map((match) => match[1]!)
    const dropped = ids.slice(0, 3)
    writeFileSync(
      join(into('reviewed'), 'decisions.jsonl'),
      dropped.map((id) => `${JSON.stringify({ class: name, id, decision: 'reject' })}\n`).join(''),
    )
    const { card } = await build('reviewed')
    const kept = readFileSync(join(into('reviewed'), 'curated.jsonl'), 'utf8')
    expect(dropped.filter((id) => kept.includes(`"${id}"`))).toEqual([])
    const answers = readFileSync(join(into('reviewed'), 'work', workOf('reviewed', 'answers')[0]!), 'utf8')
    expect(dropped.filter((id) => answers.includes(`"${id}"`))).toEqual([])
    expect(card!.names[0]!.images.trained).toBeGreaterThan(0)
  })
})

let refused = 0
describe('what cannot be', () => {
  test('a name that is not shown: an error with p, what to try, and a sheet of the images most like it', async () => {
    const failed = build('absent', { names: [absentName] })
    await expect(failed).rejects.toHaveCode('ERR_WORDMASK_ABSENT', /does not show "giraffe".*p = 0\.\d+.*--tiles/s)
    expect(existsSync(join(into('absent'), `absent-${absentName}.jpg`))).toBe(true)
    expect(existsSync(join(into('absent'), 'work'))).toBe(false)
  })
  test('of two names the one that is shown is built, and the other is told', async () => {
    const { names, absent, card, notes } = await build('both', { names: [absentName, name] })
    expect([names, absent.map((one) => one.name)]).toEqual([[name], [absentName]])
    expect(card!.absent).toEqual([{ name: absentName, pValue: expect.any(Number) }])
    expect(notes.join('\n')).toMatch(/does not show "giraffe"/)
  })
  test('the folder of another specialist is refused, naming what differs', async () => {
    await expect(build('both', { names: [absentName, name], seed: 9 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /other: seed/)
  })
  test.each<[Partial<BuildSpecialistOptions>, string, RegExp]>([
    [{ groupBy: 'camera' }, 'ERR_WORDMASK_INVALID_ARGUMENT', /"camera"/],
    [{ compare: [' Grass '] }, 'ERR_WORDMASK_INVALID_ARGUMENT', /other than those to be segmented/],
    [{ names: [] }, 'ERR_WORDMASK_CLASSES', /./],
    [{ stepz: 3 } as never, 'ERR_WORDMASK_UNKNOWN_OPTION', /stepz/],
    [{ training: { step: 3 } } as never, 'ERR_WORDMASK_UNKNOWN_OPTION', /Did you mean "steps"/],
    [{ boxes: '/nowhere.json' }, 'ERR_WORDMASK_FILE_NOT_FOUND', /nowhere\.json/],
    [{ truth: { images: '/nowhere', labels: '/' } }, 'ERR_WORDMASK_FILE_NOT_FOUND', /nowhere/],
    [{ training: { patience: 3 } } as never, 'ERR_WORDMASK_UNKNOWN_OPTION', /patience/],
    [{ archive: '/nowhere' }, 'ERR_WORDMASK_FILE_NOT_FOUND', /./],
  ])('%j: %s', async (more, code, message) => {
    await expect(build(`refused-${refused++}`, more)).rejects.toHaveCode(code, message)
  })
  test('boxes that no image has leave no mask to learn from', async () => {
    const boxes = join(folder, 'boxes.json')
    writeFileSync(boxes, JSON.stringify({ images: [{ file: 'elsewhere.png', detections: [] }], detection_categories: {} }))
    await expect(build('boxes', { boxes })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /No mask of "grass"/)
    expect(readdirSync(photos).length).toBeGreaterThan(10)
  })
  test('aborted while training, it rejects; the same call goes on from there', async () => {
    const stop = new AbortController()
    let stage: SpecialistStage | undefined
    const options = { training: { ...tiny.training, steps: 40, checkpointEvery: 2 } }
    const stopped = build('stopped', {
      ...options,
      signal: stop.signal,
      onStage: (one) => {
        stage = one
      },
      onProgress: (done) => {
        if (stage === 'training' && done >= 4) stop.abort()
      },
    })
    await expect(stopped).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    expect(existsSync(join(into('stopped'), 'wordmask.json'))).toBe(false)
    const folders = workOf('stopped', 'set')
    const { card } = await build('stopped', options)
    expect(card!.training.steps).toBe(40)
    expect(workOf('stopped', 'set')).toEqual(folders)
  })
})
