import { type Diverse, offerDiverse } from './diverse'
import { type Fingerprint, type NearOptions, nearBy } from './near'

/** An image that may be taken for a class. */
export interface Candidate extends Fingerprint {
  row: number
  id: string
  /** Cosine with the class. */
  score: number
  /** Cosine with the class less that with the nearest other name; Infinity where there is no other. */
  margin: number
  /** What the null level is about (null-level.ts). */
  evidence: number
  /** Images of one group are capped; undefined belongs to none. */
  group?: string
}

export interface SelectOptions<C extends Candidate = Candidate> {
  wanted: number
  /** Least evidence; -Infinity without a test of presence. */
  level: number
  minScore: number
  minMargin: number
  near: NearOptions | undefined
  perGroup: number
  diverse: Diverse | undefined
  /** Left out: of an earlier set, or rejected by hand. */
  excluded: (id: string) => boolean
  rejected: (candidate: C) => boolean
}

/** Why candidates of a class were not taken. */
export interface Dropped {
  rejected: number
  excluded: number
  belowMinScore: number
  belowLevel: number
  belowMargin: number
  nearDuplicates: number
  groupFull: number
}

export interface Selection<C extends Candidate = Candidate> {
  taken: C[]
  dropped: Dropped
}

/**
 * Takes up to `wanted` candidates, best score first or in the order of `diverse`. `accepted` were accepted by hand: they are taken
 * first and whatever their scores, near-duplicates and groups say; what follows must differ from them as from any other.
 */
export async function select<C extends Candidate>(
  candidates: readonly C[],
  accepted: readonly C[],
  options: SelectOptions<C>,
): Promise<Selection<C>> {
  const dropped: Dropped = {
    rejected: 0,
    excluded: 0,
    belowMinScore: 0,
    belowLevel: 0,
    belowMargin: 0,
    nearDuplicates: 0,
    groupFull: 0,
  }
  const taken = [...accepted]
  const groups = new Map<string, number>()
  for (const { group } of accepted) count(groups, group)
  const here = new Set(accepted.map(({ row }) => row))
  const eligible = candidates.filter((candidate) => {
    if (here.has(candidate.row)) return false
    const reason = refusal(candidate, options)
    if (reason !== undefined) dropped[reason]++
    return reason === undefined
  })
  const take = (candidate: C): boolean => {
    if (candidate.group !== undefined && (groups.get(candidate.group) ?? 0) >= options.perGroup) {
      dropped.groupFull++
      return false
    }
    const { near } = options
    if (near !== undefined && taken.some((other) => nearBy(candidate, other, near) !== undefined)) {
      dropped.nearDuplicates++
      return false
    }
    count(groups, candidate.group)
    taken.push(candidate)
    return true
  }
  const left = options.wanted - taken.length
  if (options.diverse !== undefined) await offerDiverse(eligible, accepted, left, options.diverse, take)
  else for (const candidate of eligible) if (taken.length < options.wanted) take(candidate)
  return { taken, dropped }
}

function refusal<C extends Candidate>(candidate: C, options: SelectOptions<C>): keyof Dropped | undefined {
  if (options.rejected(candidate)) return 'rejected'
  if (options.excluded(candidate.id)) return 'excluded'
  if (candidate.score < options.minScore) return 'belowMinScore'
  if (candidate.evidence < options.level) return 'belowLevel'
  return candidate.margin < options.minMargin ? 'belowMargin' : undefined
}

function count(groups: Map<string, number>, group: string | undefined): void {
  if (group !== undefined) groups.set(group, (groups.get(group) ?? 0) + 1)
}
