import { WordmaskError } from './errors'

/**
 * Of what can be disposed of: later calls are refused, those that have begun end as usual, and what they use is freed when
 * the last of them has.
 */
export class Lifetime {
  private calls = 0
  private over = false
  private open = true
  private readonly freed: Promise<void>
  private settle: () => void = () => {}

  constructor(
    private readonly what: string,
    private readonly free: () => void,
  ) {
    this.freed = new Promise((resolve) => {
      this.settle = resolve
    })
  }

  /** @throws ERR_WORDMASK_DISPOSED */
  check(): void {
    if (this.over) throw new WordmaskError('ERR_WORDMASK_DISPOSED', `This ${this.what} was disposed of`)
  }

  /** A call from its beginning to its end. @throws ERR_WORDMASK_DISPOSED */
  async during<T>(call: () => Promise<T>): Promise<T> {
    this.check()
    this.calls++
    try {
      return await call()
    } finally {
      this.calls--
      this.end()
    }
  }

  /** Resolves once everything is freed. */
  dispose(): Promise<void> {
    this.over = true
    this.end()
    return this.freed
  }

  private end(): void {
    if (!this.over || this.calls > 0 || !this.open) return
    this.open = false
    this.free()
    this.settle()
  }
}
