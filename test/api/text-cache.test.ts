import { describe, expect, it, vi } from 'vitest'
import { TextCache } from '../../lib/segmenter/text-cache'
import { orAbort } from '../../lib/task'
import { parseClasses } from '../../lib/text/classes'

describe('text vectors', () => {
  it('are encoded again when the caller changes a list of templates in place, and once for equal lists', async () => {
    const seen: string[] = []
    const classVectors = vi.fn(async (_rows: unknown, templates: readonly string[]) => {
      seen.push(templates.join())
      return { data: new Float32Array([seen.length]), shape: [1, 1] }
    })
    const cache = new TextCache(classVectors as never)
    const rows = parseClasses(['fox'])
    const templates = ['a {}']
    expect((await cache.vectors(rows, templates, undefined)).data[0]).toBe(1)
    expect((await cache.vectors(rows, ['a {}'], undefined)).data[0]).toBe(1)
    templates[0] = 'no {}'
    expect((await cache.vectors(rows, templates, undefined)).data[0]).toBe(2)
    expect(seen).toEqual(['a {}', 'no {}'])
  })
})

describe('orAbort', () => {
  it('takes care of work that fails after a signal that had fired already', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    let fail: (error: Error) => void = () => {}
    const work = new Promise((_, reject) => {
      fail = reject
    })
    await expect(orAbort(work, AbortSignal.abort())).rejects.toMatchObject({ code: 'ERR_WORDMASK_ABORTED' })
    fail(new Error('late'))
    await new Promise((resolve) => setTimeout(resolve, 10))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })
})
