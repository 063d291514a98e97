import { describe, expect, test } from 'vitest'
import { type Ended, runChild, withFolder } from '../helpers/native'

// A native thread still inside LibTorch while the process destroys its statics aborts it (exit code 134): every way out,
// met in every state, must give the code it would give without the addon.
const ways: Record<string, (ended: Ended) => void> = {
  natural: (ended) => {
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.stdout).toBe('nothing left to do\n')
  },
  exit: (ended) => expect(ended).toMatchObject({ code: 3, signal: null }),
  throw: (ended) => {
    expect(ended).toMatchObject({ code: 1, signal: null })
    expect(ended.stderr).toMatch(/Error: nobody catches this/)
  },
  SIGINT: (ended) => expect(ended).toMatchObject({ code: null, signal: 'SIGINT' }),
  SIGTERM: (ended) => expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' }),
  terminate: (ended) => {
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.stdout).toBe('worker ended with 1\n')
  },
}

describe.each(['idle', 'load', 'encode', 'train'])('while the addon is in state %s', (state) => {
  test.each(Object.keys(ways))('%s: the right exit code, no abort', async (way) => {
    const ended = await withFolder((folder) => runChild('exit.cjs', [way, state, folder]))
    ways[way]!(ended)
    expect(ended.stderr).not.toMatch(/terminate called|Assertion|core dumped|FATAL|UnhandledPromise/i)
  })
})
