import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { WordmaskError } from '../errors'
import { withLock } from './lock'
import { makeFolderSync } from './make-folder'
import { cacheFolder, type Environment } from './paths'
import { CUDA_VERSION, NVCC_WHEELS, type PinnedWheel } from './pins'
import { everyTenth } from './progress'
import { unpackZip } from './unpack'
import { fetchWheel } from './wheels'

const MANIFEST = 'wordmask-nvcc.json'
const TOP = 'nvidia/cu13'

export interface NvccSearch {
  /** Absolute path of an nvcc of CUDA 13.0. */
  found?: string
  tried: { path: string; reason: string }[]
}

export interface NvccOptions {
  env?: Environment
  log?: (line: string) => void
  signal?: AbortSignal
  /** Default NVCC_WHEELS. */
  wheels?: PinnedWheel[]
}

export const nvccFolder = (env: Environment = process.env): string => join(cacheFolder(env), `nvcc-${CUDA_VERSION}`)

/** nvcc of CUDA 13.0: CUDACXX (an instruction: where it is set nothing else is tried), PATH, /usr/local/cuda, the user cache. */
export function searchNvcc(env: Environment = process.env): NvccSearch {
  const tried: NvccSearch['tried'] = []
  const use = (path: string): string | undefined => {
    const reason = whyNot(path)
    if (reason) tried.push({ path, reason })
    return reason ? undefined : path
  }
  if (env.CUDACXX) return { found: use(env.CUDACXX), tried }
  for (const folder of [...(env.PATH ?? '').split(':').filter(Boolean), '/usr/local/cuda/bin']) {
    const path = join(folder, 'nvcc')
    if (existsSync(path) && use(path)) return { found: path, tried }
  }
  const torn = checkManifest(nvccFolder(env))
  if (torn) tried.push({ path: nvccFolder(env), reason: torn })
  return { found: torn ? undefined : join(nvccFolder(env), TOP, 'bin', 'nvcc'), tried }
}

/** As found, else fetched (105 MB) from pip's wheels into the user cache: checked, unpacked beside, then renamed. */
export async function setupNvcc(options: NvccOptions = {}): Promise<string> {
  const env = options.env ?? process.env
  const log = options.log ?? (() => {})
  const { found, tried } = searchNvcc(env)
  if (found) {
    log(`nvcc ${CUDA_VERSION}: ${found}`)
    return found
  }
  const looked = tried.map(({ path, reason }) => `  ${path} ${reason}`).join('\n')
  if (env.CUDACXX) throw new WordmaskError('ERR_WORDMASK_DOWNLOAD', `CUDACXX cannot be used:\n${looked}\nCorrect it, or unset it`)
  log(`nvcc ${CUDA_VERSION} was not found. Looked at PATH, /usr/local/cuda and:\n${looked}`)
  const target = nvccFolder(env)
  makeFolderSync(dirname(target))
  return await withLock(`${target}.lock`, { log, signal: options.signal }, async () => {
    const meanwhile = searchNvcc(env).found
    if (meanwhile) return meanwhile
    const partial = `${target}.partial`
    rmSync(partial, { recursive: true, force: true })
    await unpackWheels(partial, options.wheels ?? NVCC_WHEELS, { env, log, signal: options.signal })
    rmSync(target, { recursive: true, force: true })
    renameSync(partial, target)
    const installed = searchNvcc(env)
    if (!installed.found) throw new WordmaskError('ERR_WORDMASK_DOWNLOAD', `What was fetched ${installed.tried.at(-1)?.reason}`)
    log(`nvcc ${CUDA_VERSION}: ${installed.found}`)
    return installed.found
  })
}

async function unpackWheels(folder: string, wheels: PinnedWheel[], options: Required<Pick<NvccOptions, 'env' | 'log'>> & NvccOptions) {
  const downloads = join(cacheFolder(options.env), 'downloads-nvcc') // the other folder goes away when LibTorch is set up
  const sizes: Record<string, number> = {}
  makeFolderSync(downloads)
  for (const wheel of wheels) {
    const advice = `Or install CUDA ${CUDA_VERSION} and set CUDACXX to its nvcc`
    const file = await fetchWheel(wheel, downloads, { ...options, advice, onProgress: everyTenth(options.log) })
    for (const name of await unpackZip(file, folder, { select, signal: options.signal })) {
      const path = join(folder, name)
      if (/\/bin\/[^/.]+(\+\+)?$/.test(name)) chmodSync(path, 0o755)
      sizes[name] = statSync(path).size
    }
  }
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify({ format: 1, version: CUDA_VERSION, sizes })}\n`)
  rmSync(downloads, { recursive: true, force: true })
}

/** The compiler and the headers; its libraries come with LibTorch. */
function select(name: string): string | undefined {
  if (/\.dist-info\/(licenses\/|License)/.test(name)) return name
  return name.startsWith(`${TOP}/`) && /^(bin|nvvm|include)\//.test(name.slice(TOP.length + 1)) ? name : undefined
}

function checkManifest(folder: string): string | undefined {
  const file = join(folder, MANIFEST)
  if (!existsSync(folder)) return 'does not exist'
  if (!existsSync(file)) return `holds no ${MANIFEST}`
  const { sizes } = JSON.parse(readFileSync(file, 'utf8')) as { sizes: Record<string, number> }
  const wrong = Object.entries(sizes).find(([name, size]) => statSync(join(folder, name), { throwIfNoEntry: false })?.size !== size)
  return wrong ? `has a damaged ${wrong[0]}` : whyNot(join(folder, TOP, 'bin', 'nvcc'))
}

/** Kernels of another toolkit would need another libcudart than LibTorch's. */
function whyNot(path: string): string | undefined {
  const { error, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000 })
  if (error) return `cannot be run (${error.message})`
  const release = /release (\d+\.\d+)/.exec(stdout)?.[1]
  return release === CUDA_VERSION ? undefined : `is of CUDA ${release ?? 'no known version'}; CUDA ${CUDA_VERSION} is needed`
}
