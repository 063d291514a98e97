/** The pictures with the lowest scores of a stream, a fixed number of them, worst first. */
export class Worst<T> {
  private readonly kept: { score: number; item: T }[] = []

  constructor(private readonly most: number) {}

  add(score: number, item: T): void {
    const last = this.kept.at(-1)
    if (this.kept.length === this.most && last !== undefined && score >= last.score) return
    const at = this.kept.findIndex((entry) => score < entry.score)
    this.kept.splice(at < 0 ? this.kept.length : at, 0, { score, item })
    if (this.kept.length > this.most) this.kept.pop()
  }

  get items(): readonly { score: number; item: T }[] {
    return this.kept
  }
}
