import { Liveness } from './liveness'
import type { Pulse } from './pulse'
import type { WorkFolder } from './work-folder'

/** locks/<name>.<n>.json: as with attempts, whoever makes the next number has it. */
interface LockRecord {
  worker: string
  at: string
  released?: boolean
}

/** One of several coordinators does what only one may do at a time. The lease of a dead one is taken over. */
export class Lease {
  private held: string | undefined
  private readonly liveness: Liveness

  constructor(
    private readonly folder: WorkFolder,
    private readonly pulse: Pulse,
    private readonly name: string,
  ) {
    this.liveness = new Liveness(folder)
  }

  /** -> whether this process has it now; false where another living one has. */
  async take(): Promise<boolean> {
    if (this.held !== undefined) return true
    const names = (await this.folder.names('locks')).filter((name) => name.startsWith(`${this.name}.`))
    const numbers = names.map((name) => Number(name.slice(this.name.length + 1)))
    const last = Math.max(0, ...numbers)
    const holder = last === 0 ? undefined : await this.folder.read<LockRecord>('locks', `${this.name}.${last}`)
    if (holder && !holder.released && (await this.liveness.look(holder.worker)).alive) return false
    const next = `${this.name}.${last + 1}`
    const record: LockRecord = { worker: this.pulse.worker, at: new Date().toISOString() }
    if (!(await this.folder.write('locks', next, record, { ifAbsent: true }))) return false
    this.held = next
    for (const old of numbers.filter((n) => n < last)) await this.folder.remove('locks', `${this.name}.${old}`)
    return true
  }

  async release(): Promise<void> {
    if (this.held === undefined) return
    await this.folder.write('locks', this.held, { worker: this.pulse.worker, at: new Date().toISOString(), released: true })
    this.held = undefined
  }
}
