import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { withFileLock } from '../../lib/archive/lock.js'
import { thisProcess } from '../../lib/run/process-mark.js'

const linked = vi.hoisted(() => ({ refused: '' }))
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  return {
    ...fs,
    linkSync: (from: string, to: string) => {
      if (linked.refused) throw Object.assign(new Error(`${linked.refused}: link`), { code: linked.refused })
      fs.linkSync(from, to)
    },
  }
})

const folder = mkdtempSync(join(tmpdir(), 'wordmask-lock-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe.each([
  ['a disk with links', ''],
  ['a disk without links, as FAT is', 'EPERM'],
])('a lock on %s', (_, refused) => {
  test('is held by one at a time and given back', async () => {
    linked.refused = refused
    const file = join(folder, 'one.lock')
    const order: string[] = []
    let told = 0
    const hold = (name: string) =>
      withFileLock(
        file,
        undefined,
        async () => {
          order.push(`${name} in`)
          expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(thisProcess())
          await new Promise((resolve) => setTimeout(resolve, 50))
          order.push(`${name} out`)
        },
        () => told++,
      )
    await Promise.all([hold('a'), hold('b')])
    expect(order).toEqual(['a in', 'a out', 'b in', 'b out'])
    expect(told).toBe(1)
    expect(existsSync(file)).toBe(false)
  })
  test('of a process that has ended is taken over', async () => {
    linked.refused = refused
    const file = join(folder, 'stale.lock')
    writeFileSync(file, JSON.stringify({ ...thisProcess(), started: thisProcess().started - 1 }))
    expect(await withFileLock(file, undefined, async () => 'mine')).toBe('mine')
  })
})

test('what else the system says is an error, not a wait', async () => {
  linked.refused = 'EMLINK'
  await expect(withFileLock(join(folder, 'odd.lock'), undefined, async () => {})).rejects.toHaveProperty('code', 'ERR_WORDMASK_IO')
})
