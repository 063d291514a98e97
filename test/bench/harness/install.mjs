// Peers and models, made once into the cache folder; what is up to date is left alone.
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeVenv } from '../../../scripts/python.mjs'
import { run, StepError, say } from '../../../scripts/steps.mjs'
import { configOf, onnxFolder, slugOf, weightsFile } from '../cases/models.mjs'
import { benchFolder, cacheFolder, checkout, peerPython } from './folders.mjs'

const peers = join(benchFolder, 'peers')

async function must(what, command, args, options) {
  const { status } = await run(command, args, options)
  if (status !== 0) throw new StepError(`${what} failed with status ${status} (its words are above). Next: npm run bench -- --peers`)
}

/** Python packages of peers/requirements.txt and Node packages of peers/package-lock.json, all of exact versions. */
export async function ensurePeers() {
  mkdirSync(cacheFolder, { recursive: true })
  makeVenv(join(cacheFolder, 'venv'), join(peers, 'requirements.txt'))
  const node = join(cacheFolder, 'node')
  const lock = readFileSync(join(peers, 'package-lock.json'))
  const stamp = join(node, 'wordmask-lock')
  const wanted = createHash('sha256').update(lock).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  say('bench', `Node peers: npm ci into ${node}`)
  mkdirSync(node, { recursive: true })
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(peers, name), join(node, name))
  await must('Installing the Node peers', 'npm', ['ci', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund'], { cwd: node })
  writeFileSync(stamp, wanted)
}

/** Makes `target` by `make(beside)`, so that a broken run leaves nothing that looks whole. */
async function once(target, make) {
  if (existsSync(target)) return
  const beside = `${target}.part-${process.pid}`
  rmSync(beside, { recursive: true, force: true })
  try {
    await make(beside)
    renameSync(beside, target)
  } finally {
    rmSync(beside, { recursive: true, force: true })
  }
}

/** Random weights as our own Clip.save writes them. */
export async function ensureWeights(architecture) {
  const file = weightsFile(architecture)
  mkdirSync(join(cacheFolder, 'models'), { recursive: true })
  await once(file, async (beside) => {
    say('bench', `making ${file} (random weights, seed 1)`)
    const request = { name: slugOf(architecture), config: configOf(architecture), file: beside }
    await must('Making weights', process.execPath, [join(benchFolder, 'ours', 'make-weights.mjs'), JSON.stringify(request)])
  })
}

/** The image tower of the same file as ONNX. */
export async function ensureOnnx(architecture) {
  await ensureWeights(architecture)
  await once(onnxFolder(architecture), async (beside) => {
    say('bench', `exporting ${onnxFolder(architecture)}`)
    await must('The ONNX export', peerPython, [join(peers, 'export.py'), weightsFile(architecture), beside], { cwd: checkout })
  })
}
