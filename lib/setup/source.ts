import { existsSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { WordmaskError } from '../errors'
import { download } from './download'
import { sha256File } from './hash'
import { inspectLibTorch } from './inspect'
import { makeFolder } from './make-folder'
import { downloadFolder, type Environment } from './paths'
import { RUNTIME_WHEELS, TORCH_WHEEL } from './pins'
import { everyTenth } from './progress'
import { selectNvidia, selectTorch } from './select'
import { unpackZip } from './unpack'
import { fetchWheel, fetchWithDependencies, findWheel } from './wheels'

export interface SourceOptions {
  env: Environment
  cuda: boolean
  sha256?: string
  log: (line: string) => void
  onProgress?: (done: number, total: number | undefined) => void
  signal?: AbortSignal
}

/** Puts LibTorch into the empty folder `into` and returns where it came from, in words. */
export async function obtain(from: string | undefined, into: string, given: SourceOptions): Promise<string> {
  const options = { ...given, onProgress: given.onProgress ?? everyTenth(given.log) }
  if (from === undefined) return fromWheels(downloadFolder(options.env), into, options, fetchWheel)
  if (/^https?:\/\//.test(from)) return fromUrl(from, into, options)
  const path = resolve(from)
  if (!existsSync(path)) {
    throw new WordmaskError(
      'ERR_WORDMASK_FILE_NOT_FOUND',
      `--from ${from} does not exist: expected a URL, a zip file, a folder of wheels or a LibTorch folder`,
    )
  }
  return statSync(path).isDirectory() ? fromFolder(path, into, options) : fromZip(path, into, options)
}

async function fromUrl(url: string, into: string, options: SourceOptions): Promise<string> {
  const file = join(downloadFolder(options.env), basename(decodeURIComponent(new URL(url).pathname)) || 'libtorch.zip')
  options.log(`fetching ${url}`)
  if (!options.sha256)
    options.log('no sha256 was given (--sha256 or WORDMASK_LIBTORCH_SHA256): the checksums inside the zip are all that is checked')
  await download(url, file, options)
  try {
    await fromZip(file, into, options)
  } finally {
    rmSync(file, { force: true })
  }
  return url
}

async function fromZip(file: string, into: string, options: SourceOptions): Promise<string> {
  if (options.sha256) {
    const actual = await sha256File(file)
    if (actual !== options.sha256.toLowerCase()) {
      throw new WordmaskError('ERR_WORDMASK_DOWNLOAD', `${file}: expected sha256 ${options.sha256} but found ${actual}`)
    }
  }
  options.log(`unpacking ${file}`)
  const written = await unpackZip(file, into, { select: selectTorch(options.cuda), signal: options.signal })
  if (!written.includes('torch/lib/libtorch_cpu.so')) {
    throw new WordmaskError(
      'ERR_WORDMASK_DOWNLOAD',
      `${file} holds no lib/libtorch_cpu.so: expected LibTorch's zip or a torch wheel for Linux`,
    )
  }
  if (written.includes('torch/version.py')) await addNvidia(downloadFolder(options.env), into, options, fetchWheel)
  return file
}

async function fromFolder(folder: string, into: string, options: SourceOptions): Promise<string> {
  if (readdirSync(folder).some((name) => name.startsWith(TORCH_WHEEL.file) && name.endsWith('.whl'))) {
    return fromWheels(folder, into, options, async (wheel) => {
      const found = await findWheel(wheel, folder, options.log)
      if (found) return found
      throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `${folder} holds no ${wheel.file}*.whl with sha256 ${wheel.sha256}`)
    })
  }
  const inspection = inspectLibTorch(folder)
  if (typeof inspection === 'string') throw new WordmaskError('ERR_WORDMASK_DOWNLOAD', `--from ${folder} ${inspection}`)
  options.log(`linking to ${inspection.root} (nothing is copied: keep that folder)`)
  symlinkSync(inspection.root, join(into, 'torch'))
  const nvidia = join(inspection.root, '..', 'nvidia')
  if (existsSync(nvidia)) symlinkSync(resolve(nvidia), join(into, 'nvidia'))
  return folder
}

type Fetch = typeof fetchWheel

async function fromWheels(folder: string, into: string, options: SourceOptions, fetch: Fetch): Promise<string> {
  await makeFolder(folder)
  const torch = await fetch(TORCH_WHEEL, folder, options)
  options.log(`unpacking ${basename(torch)}: headers, CMake files and ${options.cuda ? 'all' : 'the CPU'} libraries`)
  await unpackZip(torch, into, { select: selectTorch(options.cuda), signal: options.signal })
  await addNvidia(folder, into, options, fetch)
  return `pip: ${TORCH_WHEEL.requirement}`
}

async function addNvidia(folder: string, into: string, options: SourceOptions, fetch: Fetch): Promise<void> {
  const version = await readFile(join(into, 'torch', 'version.py'), 'utf8')
  if (!version.includes('+cu')) return
  const wheels: string[] = []
  for (const wheel of RUNTIME_WHEELS) wheels.push(await fetch(wheel, folder, options))
  if (options.cuda) wheels.push(...(await fetchCuda(folder, into, options)))
  for (const wheel of new Set(wheels)) {
    await unpackZip(wheel, into, { select: selectNvidia(options.cuda), signal: options.signal })
  }
}

/** The wheel itself names what libtorch_cuda.so needs: cuDNN, NCCL, NVSHMEM, cuSPARSELt and parts of the CUDA toolkit. */
async function fetchCuda(folder: string, into: string, options: SourceOptions): Promise<string[]> {
  const info = readdirSync(into).find((name) => /^torch-.*\.dist-info$/.test(name))
  const metadata = info ? await readFile(join(into, info, 'METADATA'), 'utf8') : ''
  const needed = cudaRequirements(metadata)
  if (needed.length === 0)
    throw new WordmaskError('ERR_WORDMASK_DOWNLOAD', 'The torch wheel names no CUDA libraries in its METADATA: --cuda needs a CUDA wheel')
  options.log(`fetching what CUDA needs (2.7 GB): ${needed.join(', ')}`)
  return fetchWithDependencies(needed, join(folder, 'cuda'), options)
}

export function cudaRequirements(metadata: string): string[] {
  return [...metadata.matchAll(/^Requires-Dist: ((?:nvidia-|cuda-toolkit)[^;\n]*?)\s*(?:;.*)?$/gm)].map((match) => match[1] as string)
}
