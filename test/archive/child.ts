import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ArchiveOptions } from '../../lib/archive/options'

const root = join(__dirname, '..', '..')

export interface Added {
  signal: NodeJS.Signals | null
  end?: { done: number; skipped: number; rejected: number; ms: number }
  failed?: { code: string; message: string }
  stderr: string
}

interface AddOptions extends ArchiveOptions {
  batchSize?: number
}

/**
 * Adds a folder in a process of its own, from dist/. With `killAfter` it is killed so many milliseconds after it has begun;
 * `limit` is the largest size of a file, in bytes.
 */
export function addInChild(
  archive: string,
  folder: string,
  options: AddOptions,
  { killAfter, limit }: { killAfter?: number; limit?: number } = {},
): Promise<Added> {
  if (!existsSync(join(root, 'dist', 'index.js'))) throw new Error('dist/ is missing: npm run build')
  const command = [join(__dirname, 'children', 'add.cjs'), archive, folder, JSON.stringify(options)]
  const child =
    limit === undefined
      ? spawn(process.execPath, command)
      : spawn('prlimit', [`--fsize=${limit}`, process.execPath, ...command], { env: { ...process.env, EFBIG: '1' } })
  let out = ''
  let stderr = ''
  let timer: NodeJS.Timeout | undefined
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    if (killAfter !== undefined && timer === undefined && out.includes('begin\n'))
      timer = setTimeout(() => child.kill('SIGKILL'), killAfter)
  })
  return new Promise((resolve) => {
    child.on('close', (_, signal) => {
      clearTimeout(timer)
      const said = (word: string) => {
        const line = out.split('\n').find((text) => text.startsWith(`${word} `))
        return line && JSON.parse(line.slice(word.length + 1))
      }
      resolve({ signal, stderr, ...(said('end') && { end: said('end') }), ...(said('failed') && { failed: said('failed') }) })
    })
  })
}
