// Small Python environments for tests, in the user cache: made on first use, kept under the digest of what is in them.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { capture, root, StepError, say } from './steps.mjs'

/**
 * The environment's python. `requirements` are pip's files, relative to the checkout, installed in order; those of `alone` without
 * what they ask for themselves. Made beside and renamed, so that two that begin at once end with one whole environment.
 */
export async function cachedVenv(name, requirements, alone = []) {
  const digest = createHash('sha256')
  for (const file of [...requirements, ...alone]) digest.update(readFileSync(join(root, file)))
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'wordmask')
  const folder = join(cache, `${name}-${digest.digest('hex').slice(0, 12)}`)
  if (!existsSync(folder)) await make(name, folder, requirements, alone)
  return join(folder, 'bin/python')
}

async function make(name, folder, requirements, alone) {
  const beside = `${folder}.${process.pid}`
  say(name, `making ${folder} from ${[...requirements, ...alone].join(', ')}`)
  mkdirSync(dirname(folder), { recursive: true })
  const install = [join(beside, 'bin/python'), '-m', 'pip', 'install', '-q', '--disable-pip-version-check']
  try {
    await orFail(['python3', '-m', 'venv', beside], 'Install python3-venv')
    for (const file of requirements) await orFail([...install, '-r', join(root, file)], 'Check the connection to the Python index')
    for (const file of alone) await orFail([...install, '--no-deps', '-r', join(root, file)], 'Check the connection to the Python index')
    if (!existsSync(folder)) renameSync(beside, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  } finally {
    rmSync(beside, { recursive: true, force: true })
  }
}

async function orFail([command, ...args], advice) {
  const { status, stderr } = await capture(command, args)
  if (status !== 0) throw new StepError(`${command} ${args.join(' ')} failed: ${stderr.trim().split('\n').pop()}. ${advice}`)
}
