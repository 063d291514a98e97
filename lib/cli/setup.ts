import { setupLibTorch } from '../setup'
import { tenths } from '../setup/progress'
import type { SetupFlags } from './commands/setup'
import type { Context } from './program'
import { progress, speak } from './terminal'

/** A bar where a person looks; else a line, or with --json an event, for every tenth of a download. */
export async function setUp({ cuda, from, sha256, json = false }: SetupFlags, context: Context): Promise<void> {
  const drawn = process.stderr.isTTY && !json
  const bar = await progress('fetching, MB', 0, json)
  const mb = (bytes: number) => Math.round(bytes / 1e6)
  const events = tenths((done, total) => speak(true, { event: 'progress', done, total }, undefined))
  const onBar = (done: number, total: number | undefined) => (done === total ? bar.stop() : bar.step(mb(done), mb(total ?? done)))
  const { root, version, source } = await setupLibTorch({
    ...{ cuda, from, sha256, signal: context.interrupt.stop },
    log: (line) => {
      bar.stop()
      process.stderr.write(`setup: ${line}\n`)
    },
    ...(json ? { onProgress: events } : drawn ? { onProgress: onBar } : {}),
  }).finally(() => bar.stop())
  speak(json, { event: 'ready', root, version, source }, `LibTorch ${version} is ready: ${root}`)
}
