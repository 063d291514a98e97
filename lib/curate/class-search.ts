import type { ArchiveRow } from '../archive/types'
import { groupIn } from './group'
import { products } from './matrix'
import { dot } from './near'
import type { NullLevel } from './null-level'
import type { CurateOptions } from './options'
import type { Evidence } from './presence'
import type { Candidate } from './select'
import type { CurateSource } from './source'
import { type FallOff, standing } from './standing'

/** A candidate with its row. */
export interface Found extends Candidate {
  facts: ArchiveRow
  /** Of either kind; 0 where there is none. `evidence` is that by rivals until something else has found the class. */
  kinds: Record<Evidence, number>
}

export interface ClassTexts {
  /** Which of the classes. */
  index: number
  /** Unit vectors of all classes [n, dim]. */
  vectors: Float32Array
  /** Of the class's own negatives. */
  negatives: Float32Array | undefined
  level: NullLevel | undefined
  fallOff: FallOff | undefined
  groupBy: CurateOptions['groupBy']
}

/** Candidates of one class out of an archive. */
export class ClassSearch {
  readonly size: number
  /** Which of the classes. */
  readonly index: number
  private readonly own: Float32Array
  /** Vectors of all other names [m, dim]. */
  private readonly others: Float32Array

  constructor(
    private readonly source: CurateSource,
    private readonly texts: ClassTexts,
  ) {
    const { dim } = source
    const { index, vectors, negatives } = texts
    this.size = source.size
    this.index = index
    this.own = vectors.subarray(index * dim, (index + 1) * dim)
    const rest = vectors.length - dim
    this.others = new Float32Array(rest + (negatives?.length ?? 0))
    this.others.set(vectors.subarray(0, index * dim))
    this.others.set(vectors.subarray((index + 1) * dim), index * dim)
    if (negatives !== undefined) this.others.set(negatives, rest)
  }

  /** Whether the archive says how far a row stands out of it. */
  get ranked(): boolean {
    return this.texts.fallOff !== undefined
  }

  /** The k best rows by their cosine with the class, best first. */
  async best(k: number, signal?: AbortSignal): Promise<Found[]> {
    const { rows, scores } = await this.source.top(this.own, k, signal)
    const found = Array.from(rows).filter((row) => row >= 0)
    return this.describe(found, scores.subarray(0, found.length), signal)
  }

  /** Rows of ids; those that the archive does not hold are left out. */
  async byId(ids: readonly string[], signal?: AbortSignal): Promise<Found[]> {
    const rows = (await this.source.find(ids, signal)).filter((row) => row >= 0)
    return this.describe(rows, undefined, signal)
  }

  private async describe(rows: number[], known: Float32Array | undefined, signal: AbortSignal | undefined): Promise<Found[]> {
    if (rows.length === 0) return []
    const { source, texts } = this
    const { dim } = source
    const [data, facts] = [await source.vectors(rows, signal), await source.rows(rows, signal)]
    const vectors = rows.map((_, i) => data.subarray(i * dim, (i + 1) * dim))
    const scores = known === undefined ? vectors.map((vector) => dot(vector, this.own)) : Array.from(known)
    const beyond = await texts.level?.beyondRivals(texts.index, data)
    const margins = await this.margins(vectors, scores)
    return rows.map((row, i) => {
      const one = facts[i]!
      const group = groupIn(one, texts.groupBy)
      const kinds = { rivals: beyond?.[i] ?? 0, standing: texts.fallOff ? standing(scores[i]!, texts.fallOff) : 0 }
      return {
        ...{ row, id: one.id, facts: one, score: scores[i]!, margin: margins[i]!, kinds, evidence: kinds.rivals },
        ...{ content: one.sha256, phash: one.phash, vector: vectors[i]!, ...(group !== undefined && { group }) },
      }
    })
  }

  private async margins(vectors: Float32Array[], scores: number[]): Promise<number[]> {
    const { dim } = this.source
    const m = this.others.length / dim
    if (m === 0) return scores.map(() => Number.POSITIVE_INFINITY)
    const data = new Float32Array(vectors.length * dim)
    for (const [i, vector] of vectors.entries()) data.set(vector, i * dim)
    const all = await products(data, this.others, dim)
    return scores.map((score, i) => {
      let most = Number.NEGATIVE_INFINITY
      for (let j = 0; j < m; j++) most = Math.max(most, all[i * m + j]!)
      return score - most
    })
  }
}
