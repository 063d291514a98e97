// Include and import directions (native/README.md) and file lengths. Data flows one way; this keeps it so.
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { filesBelow, main, root } from './steps.mjs'

/** Folder of native/ -> folders it may include from, itself aside. Every one may include base. */
const MAY_INCLUDE = {
  base: [],
  weights: ['base'],
  kernels: ['base'],
  models: ['base', 'kernels', 'weights'],
  pipeline: ['base', 'kernels', 'models', 'weights'],
  train: ['base', 'kernels', 'models', 'pipeline', 'weights'],
  bindings: ['base', 'kernels', 'models', 'pipeline', 'train', 'weights'],
  check: ['base', 'loader', 'kernels', 'models', 'pipeline', 'train', 'weights'],
  fuzz: ['base', 'pipeline', 'train', 'weights'],
  loader: [],
}
const NODE_API = ['bindings', 'loader']
/** Lines a file may have before it should be split (style.md rule 3). */
const LIMITS = [
  [/^native\/kernels\//, 200],
  [/^native\//, 300],
  [/^lib\//, 200],
  [/^test\/.*\.(ts|cc|h)$/, 300],
  [/^scripts\/.*\.mjs$/, 200],
]

/** @returns {{ errors: string[], long: string[] }} */
export function checkLayers() {
  const errors = []
  const native = filesBelow(['native'], (path) => /\.(h|cc|cu|cuh)$/.test(path) && !path.includes('/third_party/'))
  for (const path of native) errors.push(...checkNative(relative(root, path), readFileSync(path, 'utf8')))
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const lib = filesBelow(['lib'], (path) => path.endsWith('.ts'))
  for (const path of lib)
    errors.push(...checkLibrary(relative(root, path), readFileSync(path, 'utf8'), Object.keys(dependencies), Object.keys(peerDependencies)))
  const all = [
    ...native,
    ...filesBelow(['lib', 'scripts', 'test'], (path) => /\.(ts|mjs|cc|h)$/.test(path) && !path.includes('/fixtures/')),
  ]
  return { errors, long: all.flatMap(tooLong) }
}

export function checkNative(name, text) {
  const errors = []
  const folder = name.split('/')[1]
  const allowed = MAY_INCLUDE[folder]
  if (!allowed) return [`${name}: native/${folder} is not a layer (scripts/check-layers.mjs lists them)`]
  for (const [line, included] of includes(text)) {
    const at = `${name}:${line}`
    const [top] = included.split('/')
    const isLayer = included.includes('/') && top in MAY_INCLUDE
    if (isLayer && top !== folder && top !== 'base' && !allowed.includes(top))
      errors.push(`${at}: native/${folder} includes ${included}, to its left`)
    if (isLayer && folder === 'loader') errors.push(`${at}: the loader is free of everything, but includes ${included}`)
    if (/^(napi|node_api|js_native_api)/.test(included) && !NODE_API.includes(folder))
      errors.push(`${at}: only bindings and loader know Node, but this includes ${included}`)
    if (folder === 'bindings' && /^(ATen\/(?!core\/|Parallel\.h|Version\.h)|torch\/nn|torch\/torch\.h|torch\/optim)/.test(included)) {
      errors.push(`${at}: bindings do no arithmetic, but this includes ${included}`)
    }
    if (folder === 'loader' && /^(ATen|c10|torch)\//.test(included))
      errors.push(`${at}: the loader must not need LibTorch, but includes ${included}`)
  }
  return errors
}

/** lib/setup runs where nothing is built and only the data libraries are there: it reaches for nothing but errors. */
export function checkLibrary(name, text, dependencies, peers = []) {
  const errors = []
  const setup = name.startsWith('lib/setup/')
  for (const [line, imported, isLazy] of imports(text)) {
    const at = `${name}:${line}`
    if (setup && imported.startsWith('..') && imported !== '../errors') errors.push(`${at}: lib/setup imports ${imported}`)
    if (!name.startsWith('lib/cli/') && /(^|\/)cli\//.test(imported)) errors.push(`${at}: only lib/cli imports from lib/cli`)
    const bare = /^(?:@[^/]+\/)?[^./][^/]*/.exec(imported)?.[0]
    if (bare && !bare.startsWith('node:') && !dependencies.includes(bare) && !(peers.includes(bare) && isLazy)) {
      const what = peers.includes(bare)
        ? 'may be missing: import it when it is needed, or its types'
        : 'is not among the dependencies of package.json'
      errors.push(`${at}: ${bare} ${what}`)
    }
    if (/\.node$/.test(imported)) errors.push(`${at}: only the resolved loader opens ${imported}`)
  }
  for (const [index, line] of text.split('\n').entries()) {
    if (/\bmkdir(Sync)?\(.*recursive/.test(line))
      errors.push(`${name}:${index + 1}: Node's recursive mkdir never ends below /proc; use makeFolder of lib/setup/make-folder`)
  }
  return errors
}

function* includes(text) {
  for (const [index, line] of text.split('\n').entries()) {
    const match = /^\s*#\s*include\s*[<"]([^>"]+)[>"]/.exec(line)
    if (match) yield [index + 1, match[1]]
  }
}

function* imports(text) {
  for (const [index, line] of text.split('\n').entries()) {
    const match =
      /^\s*(?:import|export|\}).*\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]/.exec(
        line,
      )
    if (match) yield [index + 1, match[1] ?? match[2] ?? match[3], match[3] !== undefined || /^\s*import type /.test(line)]
  }
}

function tooLong(path) {
  const name = relative(root, path)
  const limit = LIMITS.find(([pattern]) => pattern.test(name))?.[1]
  const lines = readFileSync(path, 'utf8').split('\n').length - 1
  return limit && lines > limit ? [`${name}: ${lines} lines, at most ${limit}`] : []
}

if (process.argv[1] === join(root, 'scripts', 'check-layers.mjs')) {
  await main(() => {
    const { errors, long } = checkLayers()
    for (const line of [...errors, ...long]) process.stdout.write(`${line}\n`)
    return errors.length > 0 ? 1 : 0
  })
}
