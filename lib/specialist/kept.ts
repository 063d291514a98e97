import type { ArchiveRow } from '../archive/types'
import { seeded } from '../curate/random'

/** A row of the archive, and how much its best name looks like it. */
export interface Scanned {
  row: ArchiveRow
  group: string
  /** Largest cosine with one of the names. */
  score: number
}

/** The highest scores of a stream. Memory: twice as many. */
export class Best {
  private held: Scanned[] = []

  constructor(private readonly most: number) {}

  offer(one: Scanned): void {
    this.held.push(one)
    if (this.held.length > 2 * this.most) this.held = this.sorted()
  }

  sorted(): Scanned[] {
    return this.held.sort((a, b) => b.score - a.score || (a.row.id < b.row.id ? -1 : 1)).slice(0, this.most)
  }
}

/** A simple random sample of a stream. */
export class Reservoir {
  readonly drawn: Scanned[] = []
  private seen = 0
  private readonly next: () => number

  constructor(
    private readonly most: number,
    seed: number,
  ) {
    this.next = seeded(seed)
  }

  offer(one: Scanned): void {
    const at = Math.floor(this.next() * ++this.seen)
    if (this.drawn.length < this.most) this.drawn.push(one)
    else if (at < this.most) this.drawn[at] = one
  }
}

/** Images of a group that are kept. */
const lowestOfGroup = 5

/** Of each group the lowest scores. Of more than `most` groups nothing is kept any more: a stream may have as many groups as images. */
export class Lowest {
  private readonly groups = new Map<string, Best>()
  private over = false

  constructor(private readonly most: number) {}

  /** False where there were too many groups. */
  get complete(): boolean {
    return !this.over
  }

  /** Groups that are kept. */
  get size(): number {
    return this.groups.size
  }

  offer(one: Scanned): void {
    if (this.over) return
    const own = this.groups.get(one.group) ?? new Best(lowestOfGroup)
    own.offer({ ...one, score: -one.score })
    this.groups.set(one.group, own)
    if (this.groups.size <= this.most) return
    this.over = true
    this.groups.clear()
  }

  /** Of those of the groups that came, in the order in which they did: the lowest first. */
  of(groups: ReadonlySet<string>): Map<string, Scanned[]> {
    const here = [...this.groups].filter(([group]) => groups.has(group))
    return new Map(here.map(([group, best]) => [group, best.sorted().map((one) => ({ ...one, score: -one.score }))]))
  }
}
