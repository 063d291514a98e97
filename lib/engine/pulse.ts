import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { type ProcessMark, thisProcess } from '../run/process-mark'
import type { WorkFolder } from './work-folder'

/** What a worker says of itself, every `beatMs`. */
export interface Heartbeat {
  worker: string
  role: 'worker' | 'coordinator'
  host: string
  process: ProcessMark
  beatMs: number
  /** Counts up: others need no common clock to see that it changes. */
  beat: number
  /** ISO 8601, by the worker's clock. */
  at: string
  started: string
  device: string
  /** The shard in hand, the image in hand, and images of it done. */
  job?: string
  shard?: string
  image?: string
  images: number
  /** Images done in all shards, and seconds spent on them. */
  totalImages: number
  busySeconds: number
  /** It was asked to stop: should it end now, that was no fault of the shard's. */
  stopping?: boolean
}

export interface PulseOptions {
  device: string
  /** Default 'worker'. */
  role?: Heartbeat['role']
  /** Default 10,000: six of them missing, and another worker takes over. */
  beatMs?: number
}

/** Keeps the heartbeat of this process in a work folder. */
export class Pulse {
  readonly worker: string
  private readonly body: Heartbeat
  private timer: NodeJS.Timeout | undefined
  private writing: Promise<unknown> = Promise.resolve()
  private since = 0

  private constructor(
    private readonly folder: WorkFolder,
    device: string,
    role: Heartbeat['role'],
    beatMs: number,
  ) {
    const host = hostname().replaceAll(/[^\w-]/g, '-')
    this.worker = `${host}-${process.pid}-${randomBytes(3).toString('hex')}`
    const now = new Date().toISOString()
    this.body = {
      worker: this.worker,
      role,
      ...{ host, process: thisProcess(), beatMs, beat: 0, at: now, started: now, device },
      ...{ images: 0, totalImages: 0, busySeconds: 0 },
    }
  }

  static async start(folder: WorkFolder, { device, role = 'worker', beatMs = 10_000 }: PulseOptions): Promise<Pulse> {
    const pulse = new Pulse(folder, device, role, beatMs)
    await pulse.write()
    // A beat that storage refuses is missed; the next one tells that the worker lives.
    pulse.timer = setInterval(() => void pulse.write().catch(() => {}), beatMs)
    return pulse
  }

  /** Takes a shard up; written at once, so that an end over it is known for what it is. */
  async begin(job: string, shard: string): Promise<void> {
    this.since = performance.now()
    Object.assign(this.body, { job, shard, image: undefined, images: 0 })
    await this.write()
  }

  /** The image in hand; written at once where `now`, else with the next beat. */
  async image(image: string, now: boolean): Promise<void> {
    this.body.image = image
    if (now) await this.write()
  }

  get imageInHand(): string | undefined {
    return this.body.image
  }

  progress(images: number): void {
    this.body.totalImages += images - this.body.images
    this.body.images = images
  }

  /** Puts the shard down. */
  end(): void {
    this.body.busySeconds += (performance.now() - this.since) / 1000
    this.since = 0
    Object.assign(this.body, { job: undefined, shard: undefined, image: undefined, images: 0 })
  }

  async stopping(): Promise<void> {
    this.body.stopping = true
    await this.write().catch(() => {})
  }

  /** The worker has ended in good order; whoever looks for it need not wait. */
  async stop(): Promise<void> {
    clearInterval(this.timer)
    await this.writing.catch(() => {})
    await this.folder.remove('workers', this.worker)
  }

  /** One write at a time, so that an older beat never comes last. */
  private write(): Promise<unknown> {
    const next = this.writing
      .catch(() => {})
      .then(() => {
        const busy = this.since === 0 ? 0 : (performance.now() - this.since) / 1000
        this.body.beat++
        const body = { ...this.body, at: new Date().toISOString(), busySeconds: this.body.busySeconds + busy }
        return this.folder.write('workers', this.worker, body)
      })
    this.writing = next
    next.catch(() => {})
    return next
  }
}
