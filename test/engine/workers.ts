import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = join(__dirname, '..', '..')

/** Times that make a test of minutes one of seconds. */
export const quick = { pollMs: 100, beatMs: 100, lockMs: 1500 }

/** Worker processes of a queue that a test starts and kills. */
export class Workers {
  readonly all: { child: ChildProcess; events: Record<string, any>[] }[] = []

  constructor(private readonly options: Record<string, unknown>) {
    if (!existsSync(join(root, 'dist', 'engine', 'worker.js'))) throw new Error('dist/ is missing: npm run build')
  }

  start(env: Record<string, string> = {}): { child: ChildProcess; events: Record<string, any>[] } {
    const options = JSON.stringify({ ...quick, ...this.options })
    const child = spawn(process.execPath, [join(__dirname, 'children', 'worker.cjs'), options], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const events: Record<string, any>[] = []
    let text = ''
    child.stdout!.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
        events.push(JSON.parse(text.slice(0, at)))
        text = text.slice(at + 1)
      }
    })
    const worker = { child, events }
    this.all.push(worker)
    return worker
  }

  get living() {
    return this.all.filter(({ child }) => child.exitCode === null && child.signalCode === null)
  }

  events(type: string): Record<string, any>[] {
    return this.all.flatMap(({ events }) => events.filter((event) => event.type === type))
  }

  /** Ends all of them as SIGTERM does, then waits until they have, and all they said is here. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await Promise.all(
      this.living.map(async ({ child }) => {
        child.kill(signal)
        await once(child, 'close')
      }),
    )
  }
}
