import { existsSync, readdirSync, renameSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { WordmaskError } from '../errors'
import { ioError } from './download'
import { describeTried, findLibTorch, type LibTorch, searchLibTorch } from './find'
import { inspectLibTorch, MANIFEST, MANIFEST_FORMAT, type Manifest } from './inspect'
import { withLock } from './lock'
import { makeFolderSync } from './make-folder'
import { downloadFolder, type Environment, libtorchFolder } from './paths'
import { LIBTORCH_VERSION, SPACE } from './pins'
import { obtain } from './source'

export interface SetupOptions {
  /** Also what libtorch_cuda.so needs. Default false. */
  cuda?: boolean
  /** URL or file of LibTorch's zip, folder of wheels, or a LibTorch folder (linked). Default WORDMASK_LIBTORCH_URL, else pip. */
  from?: string
  /** Digest of that zip. Default WORDMASK_LIBTORCH_SHA256. */
  sha256?: string
  /** Also usable for a C++ build. Default false. */
  headers?: boolean
  env?: Environment
  /** Every decision, one line each. */
  log?: (line: string) => void
  onProgress?: (done: number, total: number | undefined) => void
  signal?: AbortSignal
}

/** LibTorch as found, else fetched into the user cache. `from` is an instruction: it is used even where one is found. */
export async function setupLibTorch(options: SetupOptions = {}): Promise<LibTorch> {
  const env = options.env ?? process.env
  const log = options.log ?? (() => {})
  const cuda = options.cuda ?? false
  const wanted = { env, headers: options.headers, cuda }
  const before = searchLibTorch(wanted)
  if (before.found && options.from === undefined) {
    log(describeFound(before.found))
    return before.found
  }
  if (env.WORDMASK_LIBTORCH) {
    throw new WordmaskError(
      'ERR_WORDMASK_NATIVE_LOAD',
      before.found
        ? `WORDMASK_LIBTORCH=${env.WORDMASK_LIBTORCH} decides which LibTorch is used, so --from would change nothing: unset it and run the same command again`
        : `WORDMASK_LIBTORCH cannot be used:\n${describeTried(before.tried)}\nCorrect it, or unset it and run the same command again`,
    )
  }
  if (!before.found)
    log(`LibTorch ${LIBTORCH_VERSION}${cuda ? ' with CUDA' : ''} was not found. Looked at:\n${describeTried(before.tried)}`)
  const target = libtorchFolder(cuda ? 'cuda' : 'cpu', env)
  writable(target, () => makeFolderSync(dirname(target)))
  return await withLock(`${target}.lock`, { log, signal: options.signal }, async () => {
    const meanwhile = options.from === undefined ? searchLibTorch(wanted).found : undefined
    if (meanwhile) {
      log(describeFound(meanwhile))
      return meanwhile
    }
    checkSpace(dirname(target), cuda ? SPACE.cuda : SPACE.cpu, options.from)
    removeLeftovers(target)
    const partial = `${target}.partial-${process.pid}`
    try {
      writable(partial, () => makeFolderSync(partial))
      const from = options.from ?? env.WORDMASK_LIBTORCH_URL
      const source = await obtain(from, partial, {
        env,
        cuda,
        log,
        sha256: options.sha256 ?? env.WORDMASK_LIBTORCH_SHA256,
        onProgress: options.onProgress,
        signal: options.signal,
      })
      seal(partial, source)
      replace(partial, target)
      if (from === undefined) removeDownloads(env, log)
    } finally {
      rmSync(partial, { recursive: true, force: true })
    }
    const installed = findLibTorch({ ...wanted, env })
    log(describeFound(installed))
    return installed
  })
}

export function describeFound(found: LibTorch): string {
  const why = {
    WORDMASK_LIBTORCH: 'named by WORDMASK_LIBTORCH',
    cache: 'in the user cache',
    python: 'part of the installed Python torch; nothing nearer was found',
  }
  return `LibTorch ${found.version}: ${found.root} (${why[found.source]})`
}

/** Checks what was unpacked and writes the manifest, the last file of all. */
function seal(folder: string, source: string): void {
  const inspection = inspectLibTorch(folder)
  if (typeof inspection === 'string') throw new WordmaskError('ERR_WORDMASK_DOWNLOAD', `What came from ${source} ${inspection}`)
  const lib = join(inspection.root, 'lib')
  const libraries: Manifest['libraries'] = {}
  for (const name of readdirSync(lib).filter((n) => n.includes('.so'))) {
    libraries[join(relative(folder, lib), name)] = statSync(join(lib, name)).size
  }
  const manifest: Manifest = { format: MANIFEST_FORMAT, version: inspection.version, source, libraries, created: new Date().toISOString() }
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
}

function replace(partial: string, target: string): void {
  const old = `${target}.old-${process.pid}`
  if (existsSync(target)) renameSync(target, old)
  renameSync(partial, target)
  rmSync(old, { recursive: true, force: true })
}

/** Folders that an earlier setup left when it was killed; the lock says that no other is at work. */
function removeLeftovers(target: string): void {
  const parent = dirname(target)
  const own = new RegExp(`^${target.slice(parent.length + 1)}\\.(partial|old)-\\d+$`)
  for (const name of readdirSync(parent).filter((n) => own.test(n))) rmSync(join(parent, name), { recursive: true, force: true })
}

function removeDownloads(env: Environment, log: (line: string) => void): void {
  rmSync(downloadFolder(env), { recursive: true, force: true })
  log('removed the downloaded wheels, which are unpacked now')
}

function checkSpace(folder: string, needed: number, from: string | undefined): void {
  if (from !== undefined) return
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize >= needed) return
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
  throw new WordmaskError(
    'ERR_WORDMASK_IO',
    `${folder} has ${gigabytes(bavail * bsize)} free; LibTorch needs ${gigabytes(needed)} while it is set up. Free space, or set XDG_CACHE_HOME to a folder on another disk, then run the same command again`,
  )
}

function writable(file: string, action: () => void): void {
  try {
    action()
  } catch (error) {
    throw ioError(file, error)
  }
}
