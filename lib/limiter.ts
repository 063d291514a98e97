import { WordmaskError } from './errors'
import { abortedError, throwIfAborted } from './options'
import { onAbort } from './task'

interface Waiter {
  start(): void
}

/** Runs at most `running` jobs at once, first come, first served, and admits at most `admitted`, running and in line. */
export class Limiter {
  private active = 0
  private aside = 0
  private readonly line: Waiter[] = []

  constructor(
    private readonly running: number,
    private readonly admitted: number,
  ) {}

  /** @throws ERR_WORDMASK_BUSY at once when as many as `admitted` are here and the job is not `patient` */
  async run<T>(work: () => Promise<T>, signal: AbortSignal | undefined, patient = false): Promise<T> {
    throwIfAborted(signal)
    if (!patient) this.admit()
    if (this.active >= this.running) await this.turn(signal)
    else this.active++
    try {
      return await work()
    } finally {
      // The place passes to the next in line without becoming free in between.
      const next = this.line.shift()
      if (next) next.start()
      else this.active--
    }
  }

  /**
   * A job that counts but neither waits in line nor holds others up there: one that is small, or that may hang on somebody
   * else. @throws ERR_WORDMASK_BUSY
   */
  async beside<T>(work: () => Promise<T>): Promise<T> {
    this.admit()
    this.aside++
    try {
      return await work()
    } finally {
      this.aside--
    }
  }

  private admit(): void {
    const here = this.active + this.aside + this.line.length
    if (here < this.admitted) return
    throw new WordmaskError(
      'ERR_WORDMASK_BUSY',
      `${here} calls are in work or waiting already, as many as maxPending allows. Try again later, or raise maxPending.`,
    )
  }

  private turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.line.splice(this.line.indexOf(waiter), 1)
        reject(abortedError(signal as AbortSignal))
      }
      let off: (() => void) | undefined
      const waiter: Waiter = {
        start: () => {
          off?.()
          resolve()
        },
      }
      this.line.push(waiter)
      off = signal && onAbort(signal, leave)
    })
  }
}
