// node scripts/s3-server.mjs: an environment with moto, an S3 server for tests (40 MB, once), in the user cache. Prints its python.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { capture, main, root, StepError, say } from './steps.mjs'

const requirements = join(root, 'test/helpers/s3-requirements.txt')
const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'wordmask', `s3-server-${digest}`)

await main(async () => {
  if (!existsSync(folder)) await make()
  process.stdout.write(`${join(folder, 'bin/python')}\n`)
})

/** Made beside and renamed, so that two that begin at once end with one whole environment. */
async function make() {
  const beside = `${folder}.${process.pid}`
  say('s3-server', `making ${folder} from ${requirements}`)
  mkdirSync(dirname(folder), { recursive: true })
  try {
    await orFail('python3', ['-m', 'venv', beside], 'Install python3-venv')
    await orFail(join(beside, 'bin/python'), ['-m', 'pip', 'install', '-q', '-r', requirements], 'Check the connection to the Python index')
    if (!existsSync(folder)) renameSync(beside, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  } finally {
    rmSync(beside, { recursive: true, force: true })
  }
}

async function orFail(command, args, advice) {
  const { status, stderr } = await capture(command, args)
  if (status !== 0) throw new StepError(`${command} ${args.join(' ')} failed: ${stderr.trim().split('\n').pop()}. ${advice}`)
}
