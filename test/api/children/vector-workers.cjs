// vector-workers.cjs <vector file> <layout>: two worker threads and the main thread open, search and dispose; prints what each saw.
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads')
const native = require('../../helpers/native.cjs')

async function rounds(addon, file, layout) {
  const answers = new Set()
  const queries = { data: Float32Array.from({ length: 8 * layout.dim }, (_, i) => Math.sin(i)), shape: [8, layout.dim] }
  for (let i = 0; i < 2; i++) {
    const vectors = await addon.VectorFile.open(file, layout, {})
    const calls = [5, 9].map((k) => vectors.search(queries, { k }, {}))
    vectors.dispose()
    answers.add((await Promise.all(calls)).map(({ scores, indices }) => `${scores} ${indices}`).join())
  }
  return [...answers].join('|')
}

const answerOf = (worker) =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })

async function main(file, layout) {
  const workers = [1, 2].map(() => new Worker(__filename, { workerData: { file, layout } }))
  const seen = await Promise.all([rounds(native.open(), file, layout), ...workers.map(answerOf)])
  process.stdout.write(`${JSON.stringify(seen)}\n`)
}

if (isMainThread) void main(process.argv[2], JSON.parse(process.argv[3]))
else rounds(native.open(), workerData.file, workerData.layout).then((answers) => parentPort.postMessage(answers))
