import { buildTools, cpu, cuda, libtorch, memory, models, nodeAndPackage, threads } from './doctor/checks'
import { loadInChild } from './doctor/native'
import type { Environment } from './setup/paths'

export interface Check {
  /** Group of the table: package, LibTorch, native, CPU, CUDA, memory, models, build. */
  group: string
  name: string
  value: string
  /** absent: not there and not needed. */
  state: 'ok' | 'absent' | 'broken'
  /** Command to type, where something is broken or could be had. */
  next?: string
}

export interface Report {
  format: 1
  ok: boolean
  checks: Check[]
}

/** What this machine has, what is missing and what to type next. The addon is loaded in a child process, so that a crash is an answer. */
export async function doctor(env: Environment = process.env): Promise<Report> {
  const found = libtorch(env)
  const native = await loadInChild(env)
  const checks = [
    ...nodeAndPackage(),
    ...found,
    native.check,
    ...cpu(native.info, env),
    ...threads(native.info, env),
    ...cuda(native.info),
    ...memory(env),
    ...models(env),
    ...(await buildTools(env)),
  ]
  return { format: 1, ok: checks.every((check) => check.state !== 'broken'), checks }
}

/** The report as lines: a table, then what is broken with the command that mends it. */
export function describeReport({ ok, checks }: Report): string {
  const width = Math.max(...checks.map((check) => check.name.length))
  const mark = { ok: ' ', absent: '-', broken: '!' }
  const lines: string[] = []
  let group = ''
  for (const check of checks) {
    if (check.group !== group) lines.push(`${lines.length ? '\n' : ''}${check.group}`)
    group = check.group
    lines.push(`${mark[check.state]} ${check.name.padEnd(width)}  ${check.value.replaceAll('\n', `\n${' '.repeat(width + 4)}`)}`)
    if (check.state === 'absent' && check.next) lines.push(`${' '.repeat(width + 4)}to have it: ${check.next}`)
  }
  const broken = checks.filter((check) => check.state === 'broken')
  lines.push(
    '',
    ok
      ? 'Everything needed is here.'
      : `Broken: ${broken.map((check) => check.name).join(', ')}. Next: ${broken.find((check) => check.next)?.next}`,
  )
  return lines.join('\n')
}
