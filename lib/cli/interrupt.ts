import { setMaxListeners } from 'node:events'

/**
 * The first SIGINT or SIGTERM asks a command to finish what is in hand, write its books and stop; the second one ends
 * the process at once. `stop` is the question, `exitCode` the answer to give at the end.
 */
export interface Interrupt {
  stop: AbortSignal
  /** 130 or 143 once a signal came, else 0. */
  readonly exitCode: number
  dispose(): void
}

export function listenForInterrupt(): Interrupt {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal) // one a call in flight, and eval keeps many
  let exitCode = 0
  const onSignal = (signal: NodeJS.Signals) => {
    const code = signal === 'SIGTERM' ? 143 : 130
    if (exitCode !== 0) process.exit(code)
    exitCode = code
    process.stderr.write(`\n${signal}: finishing what is in hand; once more ends at once\n`)
    controller.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    stop: controller.signal,
    get exitCode() {
      return exitCode
    },
    dispose() {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
