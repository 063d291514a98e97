import { createReadStream } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import picomatch from 'picomatch'
import { describeResults, holdsResults } from '../run/results'
import { UsageError } from './usage'

/** An image to work on; `relative` is where its outputs go below the output folder, '/' as separator. */
export interface Input {
  path: string
  relative: string
}

export interface InputOptions {
  /** Left out of folders: the output folder may lie inside the input folder. */
  skip?: string
  /** Ends the stream early, without an error. */
  stop?: AbortSignal
  /** Told once, at the end, which folders were left out since they hold results of ours. */
  onLeftOut?: (notice: string) => void
}

/** What a walk is told beside its folder. */
interface Walk extends InputOptions {
  /** Folders that were named, also behind the one that they lie in. */
  named: Set<string>
  leftOut: Set<string>
}

/** What is taken from folders; a file named on its own is always tried. */
export const imageEndings = ['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff', '.gif', '.avif']
const isImage = (name: string) => imageEndings.includes(path.extname(name).toLowerCase())

/**
 * Files, folders (walked in sorted order; hidden ones are left out, and those that hold results of ours unless they are named themselves), globs and lists (@file, one of these a line), as a
 * stream: nothing is collected, so a million images cost no memory here. The same arguments give the same order.
 *
 * @throws UsageError for an argument that yields no image at all
 */
export async function* findImages(args: string[], options: InputOptions = {}): AsyncGenerator<Input> {
  const walks: Walk = { ...options, named: new Set(), leftOut: new Set() }
  const leftOut = () => [...walks.leftOut].filter((folder) => !walks.named.has(folder))
  for (const arg of args) {
    let found = 0
    for await (const input of expand(arg, walks)) {
      if (options.stop?.aborted) return
      found++
      yield input
    }
    if (found === 0 && !options.stop?.aborted) {
      const results = leftOut().length > 0 ? `, and ${describeResults(leftOut())}` : ''
      throw new UsageError(
        `No images in ${JSON.stringify(arg)}; looked for ${imageEndings.join(' ')}${results}`,
        'ERR_WORDMASK_FILE_NOT_FOUND',
      )
    }
  }
  if (leftOut().length > 0 && !options.stop?.aborted) options.onLeftOut?.(describeResults(leftOut()))
}

/**
 * Before an output folder is made, which a misspelt name should not leave behind.
 * @throws UsageError for a folder that is both, and where the first argument yields nothing
 */
export async function checkInputs(args: string[], into: string): Promise<void> {
  const target = await real(into)
  for (const arg of args)
    if ((await stat(arg).catch(() => undefined))?.isDirectory() && (await real(arg)) === target)
      throw new UsageError(`--into names the folder that the images are in: choose another, such as ${path.join(arg, 'out')}`)
  // A list may be a pipe, which is read once.
  const [first] = args
  if (first === undefined || first.startsWith('@')) return
  for await (const _ of findImages([first], { skip: into })) return
}

/** 0 where a list is a pipe: its images are known once it is read, and that is once. */
export async function countImages(args: string[], options: InputOptions = {}): Promise<number> {
  for (const arg of args) if (arg.startsWith('@') && !(await stat(listFile(arg)).catch(() => undefined))?.isFile()) return 0
  let count = 0
  for await (const _ of findImages(args, options)) count++
  return count
}

async function* expand(arg: string, options: Walk): AsyncGenerator<Input> {
  if (arg.startsWith('@')) return yield* listed(listFile(arg), options)
  const found = await stat(arg).catch(() => undefined)
  if (found?.isDirectory()) return yield* walk(path.resolve(arg), options)
  const { base, isGlob } = picomatch.scan(arg.replaceAll(path.sep, '/'))
  if (found === undefined && isGlob) return yield* globbed(arg, path.resolve(base === '' ? '.' : base), options)
  // A missing file is an input like any other: it is reported as a rejected image.
  yield { path: path.resolve(arg), relative: path.basename(arg) }
}

/** `@-` is the standard input. */
const listFile = (arg: string) => (arg === '@-' ? '/dev/stdin' : arg.slice(1))

/** A file, or a pipe as a shell makes it of `<(find ...)`. */
export async function canRead(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isDirectory() === false
}

async function* listed(list: string, options: Walk): AsyncGenerator<Input> {
  if (!(await canRead(list))) throw new UsageError(`Cannot read the list ${list}`, 'ERR_WORDMASK_FILE_NOT_FOUND')
  for await (const line of createInterface({ input: createReadStream(list), crlfDelay: Infinity })) {
    if (options.stop?.aborted) return
    const arg = line.trim()
    if (arg === '') continue
    if (arg.startsWith('@')) throw new UsageError(`${list} names another list, ${arg}: give that one on the command line, too`)
    yield* expand(arg, options)
  }
}

/** Without links, as far as it is there. */
const real = (file: string) => realpath(file).catch(() => path.resolve(file))

async function* globbed(glob: string, base: string, options: Walk): AsyncGenerator<Input> {
  const matches = picomatch(path.resolve(glob).replaceAll(path.sep, '/'))
  for await (const input of walk(base, options, () => true)) {
    if (matches(input.path.replaceAll(path.sep, '/'))) yield input
  }
}

/** @param accept by file name; default: image endings. */
async function* walk(root: string, options: Walk, accept: (name: string) => boolean = isImage): AsyncGenerator<Input> {
  const skip = options.skip === undefined ? undefined : await real(options.skip)
  const seen = new Set<string>()
  options.named.add(root)
  async function* folder(at: string): AsyncGenerator<Input> {
    const own = await real(at)
    if (own === skip || seen.has(own)) return
    seen.add(own)
    if (at !== root && (await holdsResults(at))) {
      options.leftOut.add(at)
      return
    }
    const entries = await readdir(at, { withFileTypes: true }).catch(() => undefined)
    // Reading it as an image says what is wrong with a folder that cannot be read.
    if (entries === undefined) return yield { path: at, relative: path.relative(root, at).replaceAll(path.sep, '/') || path.basename(at) }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (options.stop?.aborted) return
      const file = path.join(at, entry.name)
      if (entry.name.startsWith('.')) continue
      const kind = entry.isSymbolicLink() ? await stat(file).catch(() => undefined) : entry
      if (kind?.isDirectory()) yield* folder(file)
      // A link that leads nowhere is an image that is missing, which is told like any other.
      else if ((kind === undefined || kind.isFile()) && accept(entry.name))
        yield { path: file, relative: path.relative(root, file).replaceAll(path.sep, '/') }
    }
  }
  if ((await stat(root).catch(() => undefined))?.isDirectory()) yield* folder(root)
}
