// A program whose every call is a new process: { program, args }. A call ends with the first line that process prints, which is its
// result as { versions, threads, data, shape }; loading of the runtime, the library and the model is all inside.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { serve } from './serve.mjs'

async function call(program, args) {
  const file = fileURLToPath(new URL(`../${program}`, import.meta.url))
  const began = performance.now()
  const child = spawn(process.execPath, [file, JSON.stringify(args)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  let line
  for await (const text of createInterface({ input: child.stdout }))
    if (text.startsWith('{')) {
      line = text
      break
    }
  const seconds = (performance.now() - began) / 1000
  if (line === undefined) throw new Error(`${program} ended without a result`)
  child.stdout.resume()
  await closed
  return { seconds, result: JSON.parse(line) }
}

await serve(async ({ program, args }) => {
  const { result } = await call(program, args)
  return {
    versions: result.versions,
    threads: result.threads,
    note: 'a new process each time, files in the page cache',
    run: async () => (await call(program, args)).result,
    measure: async () => (await call(program, args)).seconds,
  }
})
