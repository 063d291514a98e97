// Cases unfolded into what is measured one after the other.
import { curves } from '../cases/curves.mjs'
import { limits } from '../cases/limits.mjs'
import { rows } from '../cases/rows.mjs'

const groups = { rows, limits, curves }

/** A point of a curve is measured shorter than a row. */
const CURVE_PLAN = { rounds: 4, seconds: 1, warm: 0.5 }

/** What the cases have been called, with their groups: for --only and --list. */
export const everyCase = Object.entries(groups).flatMap(([group, cases]) => cases.map((item) => ({ group, ...item })))

/** @param words --only; a word that names nothing throws */
export function chosenCases(words, cases = everyCase) {
  const names = ({ group, id }) => [group, id]
  const lost = words.find((word) => !cases.some((item) => names(item).some((name) => name.includes(word))))
  if (lost !== undefined) throw new RangeError(`no case is called ${lost}; there are ${cases.map(({ id }) => id).join(', ')}`)
  return words.length === 0 ? cases : cases.filter((item) => words.some((word) => names(item).some((name) => name.includes(word))))
}

/**
 * One job a peer (with `peers`), else one a case; one a point of a curve.
 * @returns {{ kind: 'peer' | 'alone' | 'curve', case: string, title: string, ours: object, peer?: object, plan: object }[]}
 */
export function jobsOf(item, { peers }) {
  const { id, title, unit, items, models = [], op, check, memoryLimit, limit, plan, anySpread, group } = item
  const common = { case: id, title, unit: unit ?? 'ms', items, models, op, group, anySpread }
  if (group === 'curves')
    return item.points.map((point) => {
      const { x, ours, bytes } = item.at(point)
      return { ...common, kind: 'curve', point, x, xName: item.x, bend: item.bend, ours, bytes, plan: CURVE_PLAN }
    })
  if (!peers || group === 'limits') return [{ ...common, kind: 'alone', ours: item.ours, plan, limit, memoryLimit }]
  return item.peers.map(({ goal, wish, check: own, ...peer }) => ({
    ...common,
    kind: 'peer',
    ours: item.ours,
    peer,
    plan,
    check: own ?? check,
    goal,
    wish,
    memoryLimit,
  }))
}

/** Why a job cannot run here; undefined when it can. */
export function reasonToSkip({ op, bytes = 0 }, { ops, freeBytes }) {
  if (op && !ops.includes(op)) return `wordmask has no ${op} yet`
  const needed = bytes === 0 ? 0 : 1.1 * bytes + 1e9
  if (needed > freeBytes) return `needs ${(needed / 1e9).toFixed(1)} GB of memory, ${(freeBytes / 1e9).toFixed(1)} GB are free`
  return undefined
}

/** The row of a job that was measured. */
export function rowOf(job, measured, convert, against, stamp) {
  const side = (seen) => seen && { ...seen, value: convert(seen.seconds, job.unit, job.items) }
  const { case: id, kind, title, unit, items, goal, wish, limit, memoryLimit, point, x, xName, bend } = job
  return {
    case: id,
    kind,
    title,
    unit,
    items,
    point,
    x,
    xName,
    bend,
    goal,
    wish,
    limit,
    memoryLimit,
    ...measured,
    ours: side(measured.ours),
    peer: side(measured.peer),
    against,
    ...stamp,
  }
}
