/** How far an `add` is; counts are of this call. */
export interface AddProgress {
  /** Images embedded: they are in the journal at least. */
  done: number
  /** Known already. */
  skipped: number
  rejected: number
  /** Images a second, of all three kinds, over the last ten seconds. */
  rate: number
  /** Seconds left; undefined where the number of images is not known. */
  eta: number | undefined
}

const windowMs = 10_000

/** Counts and times. */
export class Progress {
  private readonly counts = { done: 0, skipped: 0, rejected: 0 }
  private readonly marks: { at: number; all: number }[] = [{ at: performance.now(), all: 0 }]
  constructor(private readonly total: number | undefined) {}

  add(done: number, skipped: number, rejected: number): AddProgress {
    this.counts.done += done
    this.counts.skipped += skipped
    this.counts.rejected += rejected
    const at = performance.now()
    this.marks.push({ at, all: this.all })
    while (this.marks.length > 2 && at - (this.marks[1] as { at: number }).at > windowMs) this.marks.shift()
    return this.now()
  }

  now(): AddProgress {
    const first = this.marks[0] as { at: number; all: number }
    const seconds = Math.max(1e-3, (performance.now() - first.at) / 1000)
    const rate = (this.all - first.all) / seconds
    const left = this.total === undefined ? undefined : Math.max(0, this.total - this.all)
    return { ...this.counts, rate, eta: left === undefined ? undefined : left === 0 ? 0 : rate > 0 ? left / rate : undefined }
  }

  private get all(): number {
    return this.counts.done + this.counts.skipped + this.counts.rejected
  }
}

/**
 * What `Archive.add` gives: iterate it for progress, or await it for the last of it. It begins with the first of the two. A slow
 * reader of progress misses steps, it does not slow the work; leaving the loop early stops it as an abort does.
 */
export class AddRun implements AsyncIterable<AddProgress>, PromiseLike<AddProgress> {
  private result: Promise<AddProgress> | undefined
  private latest: AddProgress | undefined
  private wake: (() => void) | undefined
  private readonly stop = new AbortController()

  constructor(private readonly work: (report: (progress: AddProgress) => void, stop: AbortSignal) => Promise<AddProgress>) {}

  // biome-ignore lint/suspicious/noThenProperty: `await archive.add(...)` is meant
  then<A = AddProgress, B = never>(
    fulfilled?: ((progress: AddProgress) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.begin().then(fulfilled, rejected)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AddProgress> {
    const result = this.begin()
    let over = false
    const end = () => {
      over = true
      this.wake?.()
    }
    result.then(end, end)
    try {
      while (!over) {
        await new Promise<void>((resolve) => {
          this.wake = resolve
          if (over || this.latest) resolve()
        })
        const { latest } = this
        this.latest = undefined
        if (latest && !over) yield latest
      }
      yield await result
    } finally {
      if (!over) {
        this.stop.abort()
        await result.catch(() => {})
      }
    }
  }

  private begin(): Promise<AddProgress> {
    this.result ??= this.work((progress) => {
      this.latest = progress
      this.wake?.()
    }, this.stop.signal)
    this.result.catch(() => {})
    return this.result
  }
}
