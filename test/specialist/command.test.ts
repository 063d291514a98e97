import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { events, start, wordmask } from '../cli/cli'
import { absentName, name, world } from './world'

const { archive, folder, photos, truth } = await world({ with: 20, without: 40 })
const at = (place: string) => join(folder, place)
const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'))
const args = (names: string, into: string, ...more: string[]) => [
  ...['specialist', names, '--archive', archive.uri, '--contexts', 'sky,sand', '--group-by', 'folder', '--into', at(into), '--json'],
  ...['--without', '20', '--composites', '4', '--held-out', '12', '--size', '48', '--width', '0.25', '--batch-size', '2', '--workers', '1'],
  ...more,
]

describe('wordmask specialist', () => {
  test('killed while training, the same command goes on and ends with a folder to segment with', async () => {
    const whole = args(name, 'grass', '--steps', '30', '--truth', join(truth.images, '..'))
    const running = start(whole)
    await running.saw(/"stage":"training"/)
    running.child.kill('SIGKILL')
    await running.ended
    expect(existsSync(join(at('grass'), 'wordmask.json'))).toBe(false)
    const { code, stdout, stderr } = await wordmask(whole)
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/note: .*random weights/)
    const lines = events(stdout)
    expect(lines.filter(({ event }) => event === 'stage').map(({ stage }) => stage)).toContain('measuring')
    expect(lines.find(({ event }) => event === 'name')).toMatchObject({ name, truth: { iou: expect.any(Number) } })
    expect(lines.at(-1)).toMatchObject({ event: 'summary', names: [name], absent: [] })
    expect(json(at('grass'), 'run.json')).toMatchObject({ command: 'specialist', status: 'done', sittings: 2, classes: [name] })

    const pictures = join(photos, 'site-0')
    const segmented = await wordmask(['segment', pictures, '--model', at('grass'), '--write', 'csv', '--into', at('found')])
    expect(segmented.code, segmented.stderr).toBe(0)
    const [head, ...rows] = readFileSync(join(at('found'), 'segments.csv'), 'utf8')
      .trim()
      .split('\n')
    expect(head).toBe('file,class,present,score,area,x,y,width,height')
    expect(rows.length).toBe(readdirSync(pictures).length)
    for (const row of rows) expect(row).toMatch(/^[^,]+\.png,grass,(0,,0,,,,|1,0?\.?\d+,\d+,\d+,\d+,\d+,\d+)$/)
  })

  test('another command in its folder is refused, naming what differs; --audit and --truth may differ', async () => {
    const other = await wordmask(args(name, 'grass', '--steps', '31'))
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/results of another run \(other: training\)/)])
    const again = await wordmask(args(name, 'grass', '--steps', '30', '--audit', '3'))
    expect(again.code, again.stderr).toBe(0)
  })

  test('a name that is not shown: exit 1, p, what to try, and a contact sheet', async () => {
    const { code, stderr } = await wordmask(args(absentName, 'absent'))
    expect(code).toBe(1)
    expect(stderr).toMatch(/does not show "giraffe".*p = /)
    expect(stderr).toMatch(/ERR_WORDMASK_ABSENT/)
    expect(stderr).toContain(`next: wordmask search ${archive.uri} "other words" --into hits`)
    expect(existsSync(join(at('absent'), `absent-${absentName}.jpg`))).toBe(true)
  })

  test('in a folder of another command it is refused, and what is there stays', async () => {
    const made = readFileSync(join(at('found'), 'run.json'), 'utf8')
    const { code, stderr } = await wordmask(args(name, 'found'))
    expect([code, stderr]).toEqual([2, expect.stringMatching(/results of another run \(other: command/)])
    expect(readFileSync(join(at('found'), 'run.json'), 'utf8')).toBe(made)
  })

  test('--review stops before training and says what to type', async () => {
    const command = args(name, 'review', '--review').filter((word) => word !== '--json')
    const { code, stdout, stderr } = await wordmask(command)
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/review\.html[^]*decisions\.jsonl[^]*without --review/)
    expect(existsSync(join(at('review'), 'review.html'))).toBe(true)
  })

  test('Ctrl-C ends with 130 and leaves what is made', async () => {
    const running = start(args(name, 'stopped', '--steps', '5000'))
    await running.saw(/"stage":"training"/)
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect([code, stderr]).toEqual([130, expect.stringMatching(/the same command goes on/)])
    expect(json(at('stopped'), 'run.json').status).toBe('interrupted')
  })

  test.each<[string[], number, RegExp]>([
    [['specialist', name], 2, /--archive/],
    [['specialist'], 2, /names/],
    [['specialist', name, '--archive', '/nowhere'], 1, /./],
    [['specialist', name, '--archive', '/nowhere', '--min-confidence', '0.5'], 2, /--boxes/],
    [['specialist', name, '--archive', '/nowhere', '--steps', 'many'], 2, /whole number/],
  ])('%j: %i', async (words, expected, message) => {
    const { code, stderr } = await wordmask([...words, '--into', at('wrong')])
    expect([code, stderr]).toEqual([expected, expect.stringMatching(message)])
  })
})
