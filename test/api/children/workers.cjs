// workers.cjs: two worker threads and the main thread use the addon at once; prints what each saw as JSON.
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads')
const native = require('../../helpers/native.cjs')

const hash = (data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')

/** Ten rounds of load, encode, dispose; the same seed gives the same answers in every thread. */
async function rounds(addon) {
  const answers = new Set()
  for (let i = 0; i < 10; i++) {
    const clip = await addon.Clip.random(native.tiny, 7, native.compute, {})
    const calls = [1, 2, 3].map((seed) => clip.encodeImage([native.picture(40, 40, seed)], native.encode, {}))
    answers.add((await Promise.all(calls)).map(({ data }) => hash(data)).join())
    clip.dispose()
  }
  return [...answers]
}

/** Leaves work running and waiting behind, for terminate() to cut off. */
async function abandon(addon) {
  const slow = await addon.Clip.random(native.middling, 1, native.compute, {})
  const images = Array.from({ length: 200 }, () => native.picture(64, 64))
  void slow.encodeImage(images, { ...native.encode, batchSize: 1 }, { onProgress: () => parentPort.postMessage('busy') })
  for (let i = 0; i < 20; i++) void slow.encodeImage(images, native.encode, {})
}

const answerOf = (worker) =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })

async function main() {
  const addon = native.open()
  addon.setThreads(1)
  const workers = [1, 2].map(() => new Worker(__filename, { workerData: 'rounds' }))
  const together = await Promise.all([rounds(addon), ...workers.map(answerOf)])
  const own = await addon.Clip.random(native.tiny, 7, native.compute, {})
  const quitter = new Worker(__filename, { workerData: 'abandon' })
  await answerOf(quitter)
  const waiting = own.encodeImage([native.picture(40, 40, 1)], native.encode, {})
  const started = performance.now()
  const code = await quitter.terminate()
  const seconds = (performance.now() - started) / 1000
  const after = hash((await waiting).data)
  process.stdout.write(`${JSON.stringify({ together, code, seconds, after })}\n`)
}

if (isMainThread) void main()
else if (workerData === 'rounds') rounds(native.open()).then((answers) => parentPort.postMessage(answers))
else void abandon(native.open())
