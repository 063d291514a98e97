import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as wordmask from '../../lib/index'

/** A stranger's folder, with the package as npm would put it there. */
const scratch = mkdtempSync(join(tmpdir(), 'wordmask-faces-'))
beforeAll(() => {
  mkdirSync(join(scratch, 'node_modules'))
  symlinkSync(join(import.meta.dirname, '../..'), join(scratch, 'node_modules', 'wordmask'))
})
afterAll(() => rmSync(scratch, { recursive: true }))

test('import and require give the same classes and every name; what is inside stays inside', () => {
  const file = join(scratch, 'both.mjs')
  writeFileSync(
    file,
    `import { createRequire } from 'node:module'
import * as imported from 'wordmask'
import { Clip, Segmenter, WordmaskError } from 'wordmask'
const required = createRequire(import.meta.url)('wordmask')
const same = Object.keys(required).every((name) => imported[name] === required[name])
let inside = ''
try {
  await import('wordmask/dist/errors.js')
} catch (error) {
  inside = error.code
}
const refused = await Clip.load('no-such-model').catch((error) => [error instanceof required.WordmaskError, error.code])
console.log(JSON.stringify({ names: Object.keys(imported).sort(), same, inside, refused, kinds: [typeof Segmenter, typeof WordmaskError] }))`,
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { cwd: scratch, encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  expect(JSON.parse(stdout)).toEqual({
    names: Object.keys(wordmask).sort(),
    same: true,
    inside: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
    refused: [true, 'ERR_WORDMASK_MODEL_NOT_FOUND'],
    kinds: ['function', 'function'],
  })
  expect(stderr).toBe('')
})
