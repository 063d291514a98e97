import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs'
import { cpus, freemem, homedir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { SystemInfo } from '../../binding'
import type { Check } from '../doctor'
import { cacheFolder, describeTried, searchLibTorch } from '../setup'
import type { Environment } from '../setup/paths'
import { divideCores } from '../threads'
import { inCheckout, installCommand, packageRoot } from './native'

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`

export function nodeAndPackage(): Check[] {
  const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string; engines: { node: string } }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [needMajor = 0, needMinor = 0] = manifest.engines.node.replace('>=', '').split('.').map(Number)
  const fits = major > needMajor || (major === needMajor && minor >= needMinor)
  const platform = `${process.platform}-${process.arch}`
  const group = 'package'
  return [
    { group, name: 'wordmask', value: `${manifest.version} at ${packageRoot}${inCheckout() ? ' (a checkout)' : ''}`, state: 'ok' },
    {
      group,
      name: 'node',
      value: `${process.version} (needs ${manifest.engines.node})`,
      state: fits ? 'ok' : 'broken',
      next: fits ? undefined : 'install a newer Node',
    },
    {
      group,
      name: 'platform',
      value: `${platform}${platform === 'linux-x64' ? '' : ': only linux-x64 is supported'}`,
      state: platform === 'linux-x64' ? 'ok' : 'broken',
      next: platform === 'linux-x64' ? undefined : 'use wordmask on linux-x64',
    },
  ]
}

export function libtorch(env: Environment): Check[] {
  const { found, tried } = searchLibTorch({ env })
  const group = 'LibTorch'
  const passed = tried.length ? `\nnot used:\n${describeTried(tried)}` : ''
  if (!found)
    return [{ group, name: 'LibTorch', value: `not found. Looked at:\n${describeTried(tried)}`, state: 'broken', next: installCommand() }]
  return [{ group, name: 'LibTorch', value: `${found.version} at ${found.root} (from ${found.source})${passed}`, state: 'ok' }]
}

export function cpu(info: SystemInfo | undefined, env: Environment): Check[] {
  const group = 'CPU'
  const checks: Check[] = [{ group, name: 'model', value: cpus()[0]?.model ?? 'unknown', state: 'ok' }]
  if (!info) return checks
  const limit = env.ONEDNN_MAX_CPU_ISA ? ` (ONEDNN_MAX_CPU_ISA=${env.ONEDNN_MAX_CPU_ISA})` : ''
  checks.push({ group, name: 'vector units', value: `${info.cpuCapability}${limit}`, state: 'ok' })
  const hardware = info.fastBfloat16 ? 'in hardware' : 'in hardware, without AMX: float32 is faster here'
  checks.push({ group, name: 'bfloat16', value: info.nativeBfloat16 ? hardware : 'emulated: float32 is faster here', state: 'ok' })
  return checks
}

export function threads(info: SystemInfo | undefined, env: Environment): Check[] {
  const { cores, tensor, decodePerImage, pool } = divideCores(undefined, env)
  const value = `${info?.threads ?? tensor} for tensors, ${decodePerImage} an image in sharp, ${pool} in libuv's pool (UV_THREADPOOL_SIZE)`
  const said = env.WORDMASK_THREADS ? `WORDMASK_THREADS=${env.WORDMASK_THREADS}` : 'WORDMASK_THREADS is not set'
  return [{ group: 'CPU', name: 'threads', value: `${value}; ${cores} cores; ${said}`, state: 'ok' }]
}

/** What to type where a step of lib/cuda.ts failed; the others have no command. */
const cudaNext: Record<string, string> = {
  ...(inCheckout() ? { 'step 3': 'npm run build -- --cuda' } : {}),
  'step 4': 'npx wordmask setup --cuda',
}

export function cuda(info: SystemInfo | undefined): Check[] {
  const check = (value: string, state: Check['state'], next?: string): Check[] => [{ group: 'CUDA', name: 'CUDA', value, state, next }]
  if (!info) return check('not known: the addon does not load', 'absent')
  if (info.cuda.available) {
    const graphs = `CUDA graphs ${info.cuda.graphs ? 'on' : 'off: WORDMASK_CUDA_GRAPHS is 0'}`
    return check(`${info.cuda.devices.join(', ')}; ${graphs}; page-locked copies on`, 'ok')
  }
  return check(`not used: ${info.cuda.reason}`, 'absent', cudaNext[info.cuda.reason.slice(0, 'step N'.length)])
}

export function memory(env: Environment): Check[] {
  const group = 'memory'
  const available = /MemAvailable:\s+(\d+) kB/.exec(existsSync('/proc/meminfo') ? readFileSync('/proc/meminfo', 'utf8') : '')?.[1]
  const limit = readLimit('/sys/fs/cgroup/memory.max')
  const free = available ? Number(available) * 1024 : freemem()
  const bounded = limit === undefined ? '' : `, limited to ${gigabytes(limit)} by the control group`
  let folder = cacheFolder(env)
  while (!existsSync(folder)) folder = dirname(folder)
  const { bavail, bsize } = statfsSync(folder)
  return [
    { group, name: 'memory', value: `${gigabytes(free)} available of ${gigabytes(totalmem())}${bounded}`, state: 'ok' },
    { group, name: 'cache', value: `${cacheFolder(env)} (${gigabytes(bavail * bsize)} free)`, state: 'ok' },
  ]
}

function readLimit(file: string): number | undefined {
  const value = existsSync(file) ? Number(readFileSync(file, 'utf8')) : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

export function models(env: Environment): Check[] {
  const group = 'models'
  const cards = join(packageRoot, 'models', 'cards')
  const hub = env.HF_HUB_CACHE ?? join(env.HF_HOME ?? join(env.HOME || homedir(), '.cache', 'huggingface'), 'hub')
  const pulled = existsSync(hub) ? readdirSync(hub).filter((name) => name.startsWith('models--')).length : 0
  const builtIn = existsSync(cards) ? readdirSync(cards).filter((name) => name.endsWith('.json')).length : 0
  return [
    {
      group,
      name: 'cards',
      value: `${builtIn} in ${cards}`,
      state: builtIn ? 'ok' : 'broken',
      next: builtIn ? undefined : 'npm install wordmask@latest',
    },
    {
      group,
      name: 'pulled',
      value: `${pulled} in ${hub}`,
      state: pulled ? 'ok' : 'absent',
      next: pulled ? undefined : 'npx wordmask model pull ViT-B/16',
    },
  ]
}

/** Only a checkout builds. */
export async function buildTools(env: Environment): Promise<Check[]> {
  if (!inCheckout()) return []
  const compiler = env.CXX || 'c++'
  const tools: [string, string, string, boolean][] = [
    ['compiler', compiler, 'apt-get install g++', true],
    ['cmake', 'cmake', 'apt-get install cmake', true],
    ['ninja', 'ninja', 'apt-get install ninja-build', false],
    ['ccache', 'ccache', 'apt-get install ccache', false],
    ['clang-format', 'clang-format', 'apt-get install clang-format', false],
    ['python', env.WORDMASK_PYTHON || 'python3', 'apt-get install python3 python3-pip', false],
  ]
  return await Promise.all(
    tools.map(async ([name, program, next, needed]): Promise<Check> => {
      const version = await firstLine(program, env)
      if (version) return { group: 'build', name, value: version, state: 'ok' }
      return { group: 'build', name, value: `${program} is not installed`, state: needed ? 'broken' : 'absent', next }
    }),
  )
}

async function firstLine(program: string, env: Environment): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], { env: env as NodeJS.ProcessEnv, timeout: 10_000 })
    return stdout.split('\n')[0]?.trim()
  } catch {
    return undefined
  }
}
