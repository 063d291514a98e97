import type { RunOptions } from '../options'

/** Counts work of which only shares are known; tells whole units, each once. */
export class Progress {
  private done = 0
  private told = 0

  constructor(
    private readonly total: number,
    private readonly tell: RunOptions['onProgress'],
  ) {}

  add(units: number): void {
    this.done = Math.min(this.total, this.done + units)
    this.say(Math.floor(this.done + 1e-6))
  }

  end(): void {
    this.say(this.total)
  }

  private say(done: number): void {
    if (done <= this.told) return
    this.told = done
    this.tell?.(done, this.total)
  }
}
