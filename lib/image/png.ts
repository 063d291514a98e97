import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { DecodedPng, ImageData } from 'fast-png'

/**
 * fast-png on a thread of its own: a label map of 12 megapixels takes it half a second, for which the event loop must not
 * stand still. The thread starts with the first picture and does not keep the process alive.
 */
const source = `
const { parentPort, workerData } = require('node:worker_threads')
const png = import(workerData)
parentPort.on('message', async ({ id, kind, input }) => {
  try {
    parentPort.postMessage({ id, output: (await png)[kind](input) })
  } catch (error) {
    parentPort.postMessage({ id, error: String(error && error.message || error) })
  }
})`

interface Waiting {
  resolve(output: unknown): void
  reject(error: Error): void
}

let worker: Worker | undefined
let nextId = 0
const waiting = new Map<number, Waiting>()

function start(): Worker {
  const library = pathToFileURL(createRequire(__filename).resolve('fast-png')).href
  const started = new Worker(source, { eval: true, workerData: library })
  started.on('message', ({ id, output, error }: { id: number; output?: unknown; error?: string }) => {
    const job = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) started.unref()
    if (error === undefined) job?.resolve(output)
    else job?.reject(new Error(error))
  })
  const fail = (error: Error) => {
    worker = undefined
    for (const job of waiting.values()) job.reject(error)
    waiting.clear()
  }
  started.on('error', fail)
  started.on('exit', (code) => fail(new Error(`the PNG thread ended (${code})`)))
  return started
}

function call(kind: 'encode' | 'decode', input: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker ??= start()
    worker.ref()
    const id = nextId++
    waiting.set(id, { resolve, reject })
    worker.postMessage({ id, kind, input })
  })
}

export const encodePng = (image: ImageData): Promise<Uint8Array> => call('encode', image) as Promise<Uint8Array>
export const decodePng = (bytes: Uint8Array): Promise<DecodedPng> => call('decode', bytes) as Promise<DecodedPng>
