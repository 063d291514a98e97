// What the scripts share. Node's own modules only: these run before anything is installed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const inCi = Boolean(process.env.CI) && process.env.CI !== 'false'

/** Decisions and progress go to stderr, results to stdout. */
export function say(step, line) {
  process.stderr.write(`${step}: ${line}\n`)
}

/** A step that failed, in words that end with the next command to type. */
export class StepError extends Error {}

export async function main(action) {
  try {
    const status = await action()
    process.exitCode = typeof status === 'number' ? status : 0
  } catch (error) {
    if (error instanceof StepError || error?.name === 'WordmaskError') process.stderr.write(`\n${error.message}\n`)
    else process.stderr.write(`\n${error?.stack ?? error}\n`)
    process.exitCode = 1
  }
}

/** Runs a program; its output goes to our stderr unless `stdio` says otherwise. Resolves with { status, stdout, stderr }. */
export function run(command, args, { cwd = root, env = process.env, stdio = ['ignore', 2, 2] } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio })
    const text = { stdout: '', stderr: '' }
    child.stdout?.on('data', (chunk) => {
      text.stdout += chunk
    })
    child.stderr?.on('data', (chunk) => {
      text.stderr += chunk
    })
    const forward = (signal) => child.kill(signal)
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, forward)
    const done = () => {
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, forward)
    }
    child.on('error', (error) => {
      done()
      reject(new StepError(`Cannot run ${command}: ${error.message}`))
    })
    child.on('close', (status, signal) => {
      done()
      resolve({ status: status ?? 128 + ({ SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 1), ...text })
    })
  })
}

export const capture = (command, args, options) => run(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })

export async function hasProgram(command, args = ['--version']) {
  return capture(command, args).then(
    ({ status }) => status === 0,
    () => false,
  )
}

/** Every file below the given files and folders (relative to the checkout), sorted. */
export function filesBelow(paths, keep = () => true) {
  const found = []
  const visit = (path) => {
    if (!existsSync(path)) return
    if (!statSync(path).isDirectory()) {
      if (keep(path)) found.push(path)
    } else for (const name of readdirSync(path)) if (name !== 'node_modules') visit(join(path, name))
  }
  for (const path of paths) visit(join(root, path))
  return found.sort()
}

/** Digest of names, sizes and times of files, and of other values that a step depends on. */
export function fingerprint(files, ...values) {
  const hash = createHash('sha1').update(JSON.stringify(values))
  for (const file of files) {
    const { size, mtimeMs } = statSync(file)
    hash.update(`${relative(root, file)} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

const stampFile = join(root, 'build', 'stamps.json')
const readStamps = () => (existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {})

/** Runs `action` unless it has run for the same print and all its outputs are there. Resolves with whether it ran. */
export async function step(name, print, outputs, action) {
  if (readStamps()[name] === print && outputs.every((path) => existsSync(join(root, path)))) return false
  writeStamp(name, undefined)
  await action()
  for (const path of outputs) {
    if (!existsSync(join(root, path))) throw new StepError(`${name} ended without an error but made no ${path}`)
  }
  writeStamp(name, print)
  return true
}

function writeStamp(name, print) {
  mkdirSync(dirname(stampFile), { recursive: true })
  const beside = `${stampFile}.${process.pid}`
  writeFileSync(beside, JSON.stringify({ ...readStamps(), [name]: print }, null, 2))
  renameSync(beside, stampFile)
}

/** node_modules as package-lock.json says; `npm ci` where they are not. */
export async function ensureModules() {
  const folder = join(root, 'node_modules')
  const reason = missingModule()
  if (!reason) return
  if (existsSync(folder) && lstatSync(folder).isSymbolicLink()) {
    throw new StepError(`node_modules is a link and ${reason}. Run npm ci where it points to, or remove the link`)
  }
  say('modules', `${reason}: running npm ci`)
  const args = ['ci', '--include=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']
  const { status } = await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args)
  if (status !== 0) throw new StepError('npm ci failed (its words are above). Next: npm ci --include=dev')
}

function missingModule() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  for (const [path, entry] of Object.entries(packages)) {
    if (path === '' || entry.optional || entry.devOptional || entry.peer) continue
    const file = join(root, path, 'package.json')
    if (!existsSync(file)) return `${path} is missing`
    const { version } = JSON.parse(readFileSync(file, 'utf8'))
    if (version !== entry.version) return `${path} is ${version}, package-lock.json says ${entry.version}`
  }
  return undefined
}
