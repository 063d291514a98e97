import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { drawAudit } from '../../lib/curate/audit'
import { CuratedSet } from '../../lib/curate/curated-set'
import { Decisions } from '../../lib/curate/decisions'
import { row, temporaryFolder } from './memory'
import { curatedSet } from './sets'

const set = curatedSet({
  fox: Array.from({ length: 60 }, (_, i) => row(`fox-${i}`)),
  dog: Array.from({ length: 40 }, (_, i) => row(`dog-${i}`)),
})

describe('an audit', () => {
  test('is a random sample of both classes in random order, the same for its seed', () => {
    const audit = drawAudit(set, 50, 3)
    expect(audit.images).toHaveLength(50)
    expect(drawAudit(set, 50, 3)).toEqual(audit)
    expect(drawAudit(set, 50, 4).id).not.toBe(audit.id)
    const foxes = audit.images.filter((image) => image.class === 'fox').length
    expect(foxes).toBeGreaterThan(20)
    expect(foxes).toBeLessThan(40)
    expect(drawAudit(set, 1000, 3).images).toHaveLength(100)
  })

  test('45 of 50 right: measured .9 with its interval, beside the estimate and never mixed with it', () => {
    const { id, images } = drawAudit(set, 50, 3)
    const decisions = new Decisions(
      images.map((image, i) => ({
        class: image.class,
        id: image.id,
        decision: i < 45 ? ('accept' as const) : ('reject' as const),
        audit: id,
      })),
    )
    const measured = set.measure(decisions)
    expect(measured).toMatchObject({ asked: 50, judged: 50, right: 45, estimated: 0.9 })
    expect(measured.precision.value).toBe(0.9)
    expect(measured.precision.low).toBeCloseTo(0.7864, 3)
    expect(measured.text).toMatch(
      /^measured precision 0\.900 \(45 of 50 .*Wilson 95% interval 0\.786 to 0\.957\); estimated precision 0\.900 \(from scores, checked by nobody\)$/,
    )
    expect(measured.perClass.reduce((n, one) => n + one.judged, 0)).toBe(50)
  })

  test('images that nobody judged are said, decisions made outside the sample do not count', () => {
    const { id, images } = drawAudit(set, 10, 1)
    const inside = images.slice(0, 4).map((image) => ({ class: image.class, id: image.id, decision: 'accept' as const, audit: id }))
    const outside = { class: 'fox', id: [...set.images()].find((image) => !images.includes(image))!.id, decision: 'reject' as const }
    const measured = set.measure(new Decisions([...inside, outside]))
    expect(measured).toMatchObject({ asked: 10, judged: 4, right: 4 })
    expect(measured.text).toMatch(/6 were not judged/)
  })

  test('decisions of no audit of this set are refused: they would measure nothing', () => {
    const plain = new Decisions([{ class: 'fox', id: 'fox-1', decision: 'accept' }])
    expect(() => set.measure(plain)).toThrow(/random sample of this very set/)
    const other = new Decisions([{ class: 'fox', id: 'fox-1', decision: 'accept', audit: '0123456789abcdef-1-50' }])
    expect(() => set.measure(other)).toThrow(/random sample of this very set/)
  })
})

describe('curated.jsonl', () => {
  test('what was saved is read back, image for image', async () => {
    const folder = await temporaryFolder()
    await set.save(join(folder, 'curated.jsonl'))
    const back = await CuratedSet.load(folder)
    expect(back.key).toBe(set.key)
    expect([...back.images()]).toEqual([...set.images()])
    expect(back.summary()).toEqual(['fox 60 of 60; estimated precision 0.90', 'dog 40 of 40; estimated precision 0.90'])
    expect(back.origin).toEqual(set.origin)
  })

  test('a file that is cut off, none of ours, newer or missing is told apart', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'curated.jsonl')
    await set.save(file)
    const { readFile } = await import('node:fs/promises')
    const lines = (await readFile(file, 'utf8')).split('\n')
    await writeFile(file, `${lines.slice(0, 50).join('\n')}\n`)
    await expect(CuratedSet.load(file)).rejects.toHaveCode('ERR_WORDMASK_IO', /49 of 100 images/)
    await writeFile(file, '{"format":"else"}\n')
    await expect(CuratedSet.load(file)).rejects.toHaveCode('ERR_WORDMASK_IO', /written by wordmask/)
    await writeFile(file, '')
    await expect(CuratedSet.load(file)).rejects.toHaveCode('ERR_WORDMASK_IO', /written by wordmask/)
    await writeFile(file, lines[0]!.replace('"version":1', '"version":2'))
    await expect(CuratedSet.load(file)).rejects.toHaveCode('ERR_WORDMASK_VERSION')
    await expect(CuratedSet.load(join(folder, 'nowhere'))).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /wordmask curate/)
  })
})
