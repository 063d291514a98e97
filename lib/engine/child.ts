import { LocalEngine } from './local'
import type { OpenOperation } from './operation'
import { Runner } from './runner'
import { StaticEngine } from './static'
import { WorkFolder } from './work-folder'

/** What a worker process is told first. */
export interface ChildStart {
  work: string
  device: string
  batchSize?: number
  /** Only these shards, in this order; default: whatever is open. */
  ids?: string[]
  beatMs?: number
  pollMs?: number
  attempts?: number
  /** Module that exports `openOperation`; default: this package's own. */
  operations: string
}

/** 'enough': leave when nothing is open. 'stop': finish the shard in hand. */
export type ToChild = { type: 'start'; start: ChildStart } | { type: 'enough' } | { type: 'stop' }
export type FromChild = { type: 'ready'; worker: string } | { type: 'ended' } | { type: 'error'; code: string; message: string }

/** A worker process of the local way; `Processes` starts it. */
async function main(): Promise<void> {
  const stop = new AbortController()
  const abort = new AbortController()
  let enough = false
  // The terminal sends these to the parent, too, which says what to do.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
  const start = new Promise<ChildStart>((resolve) => {
    process.on('message', (message: ToChild) => {
      if (message.type === 'start') resolve(message.start)
      else if (message.type === 'enough') enough = true
      else stop.abort()
    })
  })
  // A parent that was killed cannot say anything: the shard is left to the next run.
  process.on('disconnect', () => {
    stop.abort()
    abort.abort()
    setTimeout(() => process.exit(1), 4000).unref()
  })
  await work(await start, stop.signal, abort.signal, () => !enough)
}

async function work(start: ChildStart, stop: AbortSignal, signal: AbortSignal, expectMore: () => boolean): Promise<void> {
  const { work: uri, device, batchSize, ids, beatMs, pollMs, attempts: most } = start
  const { openOperation } = (await import(start.operations)) as { openOperation: OpenOperation }
  const folder = await WorkFolder.open(uri)
  const operation = await openOperation(folder.spec, { device, batchSize, signal })
  try {
    const runner = await Runner.start(folder, operation, { beatMs, most, stop, signal, asksAtOnce: ids !== undefined })
    send({ type: 'ready', worker: runner.worker })
    try {
      const engine = ids ? new StaticEngine(ids) : new LocalEngine(folder, { pollMs })
      await engine.work(runner.handle, { stop, signal, expectMore })
    } finally {
      await runner.close().catch(() => {})
    }
  } finally {
    operation.dispose()
  }
}

function send(message: FromChild): void {
  if (process.connected) process.send?.(message)
}

main().then(
  () => end({ type: 'ended' }, 0),
  ({ code, message }: Error & { code?: unknown }) =>
    end({ type: 'error', code: String(code).startsWith('ERR_WORDMASK_') ? String(code) : 'ERR_WORDMASK_INTERNAL', message }, 1),
)

function end(message: FromChild, code: number): void {
  if (!process.connected) process.exit(code)
  process.send?.(message, () => process.exit(code))
}
