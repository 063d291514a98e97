// exit.cjs <way> <state> <folder>: brings the addon into a state, then ends in a way. Worker threads run this file too.
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads')
const native = require('../../helpers/native.cjs')

/** Resolves while native work of this kind is running (for 'idle': when none is). */
async function enter(state, folder) {
  const addon = native.open()
  addon.setThreads(1)
  const clip = await addon.Clip.random(native.middling, 1, native.compute, {})
  const images = Array.from({ length: 12 }, () => native.picture(64, 64))
  if (state === 'idle') return
  if (state === 'encode') {
    return new Promise((resolve) => {
      void clip.encodeImage(images, { ...native.encode, batchSize: 1 }, { onProgress: resolve })
    })
  }
  if (state === 'load') {
    const file = `${folder}/weights.safetensors`
    await clip.save(file, 'float32', {}, {})
    const loads = Array.from({ length: 20 }, () => addon.Clip.load(native.middling, [file], native.compute, {}))
    return loads[0] // the next is being read now
  }
  if (state === 'train') {
    const options = native.training(folder, 40)
    return new Promise((resolve, reject) => {
      addon.trainClip(options, resolve, {}).catch(reject)
    })
  }
  throw new Error(`unknown state ${state}`)
}

async function main(way, state, folder) {
  if (way === 'terminate') {
    const worker = new Worker(__filename, { workerData: { state, folder } })
    await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    process.stdout.write(`worker ended with ${await worker.terminate()}\n`)
    return
  }
  await enter(state, folder)
  if (way === 'natural') process.once('beforeExit', () => process.stdout.write('nothing left to do\n'))
  if (way === 'exit') process.exit(3)
  if (way === 'throw') {
    setImmediate(() => {
      throw new Error('nobody catches this')
    })
  }
  if (way.startsWith('SIG')) {
    setInterval(() => {}, 1000)
    process.kill(process.pid, way)
  }
}

if (isMainThread) void main(...process.argv.slice(2))
else {
  setInterval(() => {}, 1000) // an idle worker would end by itself before it is terminated
  enter(workerData.state, workerData.folder).then(() => parentPort.postMessage('busy'))
}
