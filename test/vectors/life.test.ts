import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { runChild } from '../helpers/native'
import { randomTensor, testing } from '../helpers/testing'
import { plainRows, VectorFolder, type Written } from '../helpers/vectors'

const folder = new VectorFolder()
afterAll(() => folder.remove())
const dim = 256
let written: Written
beforeAll(() => {
  binding().setThreads(1)
  written = folder.write(plainRows(200_000, dim, 1), 'float16')
})
const open = () => binding().VectorFile.open(written.file, written.layout, {})
const many = randomTensor([512, dim], 2)

describe('VectorFile lives and ends', () => {
  test('progress rises to all rows', async () => {
    const vectors = await open()
    const seen: number[][] = []
    await vectors.search(many, { k: 10 }, { onProgress: (done, total) => seen.push([done, total]) })
    expect(seen.at(-1)).toEqual([200_000, 200_000])
    expect(seen.length).toBeGreaterThan(1)
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done!).sort((a, b) => a! - b!))
    vectors.dispose()
  })

  test('cancelled in the queue and mid-way it rejects soon, and the handle answers as before', async () => {
    const vectors = await open()
    const one = randomTensor([1, dim], 3)
    const before = await vectors.search(one, { k: 20 }, {})

    const letGo = testing().holdLane('cpu')
    const queued = new (binding().CancelToken)()
    const waiting = expect(vectors.search(many, { k: 10 }, { cancel: queued })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    queued.cancel()
    await waiting
    letGo()

    const cancel = new (binding().CancelToken)()
    let done = 0
    const onProgress = (rows: number) => {
      done = rows
      cancel.cancel()
    }
    await expect(vectors.search(many, { k: 10 }, { cancel, onProgress })).rejects.toHaveCode('ERR_WORDMASK_ABORTED')
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThan(200_000)
    expect(await vectors.search(one, { k: 20 }, {})).toEqual(before)
    vectors.dispose()
  })

  test('disposed while it searches: the search ends, later calls reject, a second dispose is nothing', async () => {
    const vectors = await open()
    const running = vectors.search(many, { k: 10 }, {})
    vectors.dispose()
    vectors.dispose()
    await expect(vectors.search(many, { k: 10 }, {})).rejects.toHaveCode('ERR_WORDMASK_DISPOSED', /VectorFile was disposed/)
    await expect(vectors.take(Float64Array.of(1), {})).rejects.toHaveCode('ERR_WORDMASK_DISPOSED')
    expect(() => vectors.rows).toThrow(expect.objectContaining({ code: 'ERR_WORDMASK_DISPOSED' }))
    expect((await running).k).toBe(10)
  })

  test('the event loop turns while it searches', async () => {
    const vectors = await open()
    let turns = 0
    const timer = setInterval(() => turns++, 5)
    await vectors.search(many, { k: 10 }, {})
    clearInterval(timer)
    expect(turns).toBeGreaterThan(10)
    vectors.dispose()
  })

  test('two worker threads and the main thread search one file and agree; the process ends by itself', async () => {
    const ended = await runChild('vector-workers.cjs', [written.file, JSON.stringify(written.layout)])
    expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null })
    const [main, ...workers] = JSON.parse(ended.stdout) as string[]
    expect(workers).toEqual([main, main])
  })
})
