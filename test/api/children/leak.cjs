// leak.cjs <case>: repeats something with warm-up and prints resident memory in MB, before and after, as JSON.
// Run with --expose-gc.
const native = require('../../helpers/native.cjs')

const resident = () => {
  for (let i = 0; i < 3; i++) global.gc()
  return process.memoryUsage.rss() / 2 ** 20
}
/** Lets finalizers of collected objects run. */
const breathe = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

const cases = {
  /** 1,000 encodes of changing pictures, through results without a copy. */
  async encode(addon) {
    const clip = await addon.Clip.random(native.tiny, 1, native.compute, {})
    const round = (i) => clip.encodeImage([native.picture(64, 48, i)], native.encode, { onProgress: () => {} })
    return { round, warmUp: 300, rounds: 1000 }
  },
  /** 50 times load and dispose of 12 MB of weights, by file. */
  async load(addon, folder) {
    const file = `${folder}/weights.safetensors`
    const clip = await addon.Clip.random(native.middling, 1, native.compute, {})
    await clip.save(file, 'float32', {}, {})
    clip.dispose()
    const round = async () => (await addon.Clip.load(native.middling, [file], native.compute, {})).dispose()
    return { round, warmUp: 10, rounds: 50 }
  },
  /** As load, but nobody disposes: the garbage collector must know what a handle weighs. */
  async forget(addon) {
    const round = () => addon.Clip.random(native.middling, 1, native.compute, {}).then(() => {})
    return { round, warmUp: 20, rounds: 40, collect: false }
  },
  /** Failures and aborts keep nothing either. */
  async fail(addon) {
    const clip = await addon.Clip.random(native.tiny, 1, native.compute, {})
    // What a first forward pass makes once (20 MB) must be there before the count: whether an aborted one gets that far is chance.
    await clip.encodeImage([native.picture(64, 48), native.picture(64, 48, 1)], native.encode, {})
    const round = async () => {
      const cancel = new addon.CancelToken()
      const call = clip.encodeImage([native.picture(64, 48), native.picture(64, 48, 1)], native.encode, { cancel }).catch(() => {})
      cancel.cancel()
      await clip.encodePixels({ data: new Float32Array(30000), shape: [1, 3, 100, 100] }, { normalize: true }, {}).catch(() => {})
      await call
    }
    return { round, warmUp: 300, rounds: 1000 }
  },
}

async function main(name, folder) {
  const addon = native.open()
  addon.setThreads(1)
  const { round, warmUp, rounds, collect = true } = await cases[name](addon, folder)
  const repeat = async (n) => {
    for (let i = 0; i < n; i++) {
      await round(i)
      if (collect && i % 50 === 49) global.gc()
      await breathe()
    }
  }
  await repeat(warmUp)
  const before = resident()
  await repeat(rounds)
  const peak = process.resourceUsage().maxRSS / 1024
  await breathe()
  process.stdout.write(`${JSON.stringify({ before, after: resident(), peak })}\n`)
}

void main(...process.argv.slice(2))
