// One case: ours alone, or ours and a peer as two live processes that take turns, A B A B ... A.
import { setTimeout as sleep } from 'node:timers/promises'
import { processTicks, reasonsToWait, shares, ticks } from './machine.mjs'
import { difference, figures, pairedRatios } from './statistics.mjs'

/** Threads that wait actively after their work (OpenMP, ONNX Runtime) have gone to sleep after this. */
const PAUSE_MS = 150

/** Turns of a run: `rounds` B turns, one more of A, each at least `seconds` and `atLeast` calls. */
export const PLANS = {
  full: { rounds: 7, seconds: 2, atLeast: 1, warm: 2 },
  quick: { rounds: 2, seconds: 0.3, atLeast: 1, warm: 0.3 },
}

/** Above this a table is not written. */
export const SPREAD_LIMIT = 0.1

/** Runs a turn; notes what the rest of the machine did meanwhile. */
async function takeTurn(program, plan, watch) {
  await sleep(PAUSE_MS)
  const mine = () => program.ticks() + processTicks(process.pid)
  const [before, own] = [ticks(), mine()]
  const { samples } = await program.ask('turn', { seconds: plan.seconds, atLeast: plan.atLeast })
  const after = ticks()
  if (before && after) watch.push(shares(before, after, mine() - own))
  return figures(samples).median
}

/** The first call: its result, and the memory it took above what was there when all was prepared. */
async function firstCall(program) {
  const before = await program.ask('memory', { reset: true })
  const result = await program.ask('output')
  const { peak } = await program.ask('memory')
  return { result, extraBytes: Math.max(0, peak - before.resident) }
}

/** Not where a call is so long that the first, whose result is compared, has warmed up everything. */
const warmUp = (program, plan) => plan.warm > 0 && program.ask('turn', { seconds: plan.warm, atLeast: 1 })

/** What other programs and the host took while we measured, the worst of the medians. */
function noise(watch) {
  const middle = (key) => (watch.length === 0 ? 0 : figures(watch.map((seen) => seen[key])).median)
  return { busy: middle('busy'), steal: middle('steal') }
}

function side(program, ready, turns, extraBytes) {
  const { median, spread } = figures(turns)
  const { versions, threads, note, bytes, flops } = ready
  return { name: program.name, seconds: median, spread, extraBytes, versions, threads, ...(note && { note }), bytes, flops }
}

/** @param start () -> Program @returns row without its title */
export async function measureAlone(start, plan) {
  const program = start()
  try {
    const ready = await program.expect('ready')
    const { extraBytes } = await firstCall(program)
    await warmUp(program, plan)
    const watch = []
    const turns = []
    for (let i = 0; i <= plan.rounds; i++) turns.push(await takeTurn(program, plan, watch))
    return { ours: side(program, ready, turns, extraBytes), noise: noise(watch) }
  } finally {
    await program.stop()
  }
}

/** @param check (difference of the results) -> what is wrong with it, or undefined. Results are compared before anything is timed. */
export async function measurePair(startOurs, startPeer, plan, check) {
  const ours = startOurs()
  let peer
  try {
    const ourReady = await ours.expect('ready')
    peer = startPeer()
    const peerReady = await peer.expect('ready')
    const mine = await firstCall(ours)
    const theirs = await firstCall(peer)
    const agreement = compare(ours.name, mine.result, peer.name, theirs.result, check)
    for (const program of [ours, peer]) await warmUp(program, plan)
    const watch = []
    const a = [await takeTurn(ours, plan, watch)]
    const b = []
    for (let i = 0; i < plan.rounds; i++) {
      b.push(await takeTurn(peer, plan, watch))
      a.push(await takeTurn(ours, plan, watch))
    }
    return {
      ours: side(ours, ourReady, a, mine.extraBytes),
      peer: side(peer, peerReady, b, theirs.extraBytes),
      ratio: figures(pairedRatios(a, b)),
      agreement,
      noise: noise(watch),
    }
  } finally {
    await Promise.all([ours.stop(), peer?.stop()])
  }
}

/** What the results have in common. @throws where `check` finds something wrong with it: then no time means anything */
export function compare(ourName, ours, peerName, theirs, check) {
  if (ours.values.length !== theirs.values.length)
    throw new Error(`${ourName} and ${peerName} answer in different shapes: [${ours.shape}] and [${theirs.shape}]`)
  const found = difference(ours.values, theirs.values)
  const wrong = check(found)
  if (wrong) throw new Error(`${ourName} and ${peerName} do not compute the same: ${wrong}`)
  return found
}

/** Why a row may not stand in a table; empty when it may. */
export function reasonsAgainst(row, limit = SPREAD_LIMIT) {
  const reasons = []
  for (const [name, spread] of [
    [row.ours.name, row.ours.spread],
    [row.peer?.name, row.peer?.spread],
    ['the ratio', row.ratio?.spread],
  ])
    if (spread > limit) reasons.push(`the spread of ${name} is ${(spread * 100).toFixed(1)}%, at most ${limit * 100}%`)
  return [...reasons, ...reasonsToWait({ cores: 1, ...row.noise })]
}
