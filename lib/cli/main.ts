#!/usr/bin/env node
import { run } from './program'

// `wordmask ... | head`: the reader has gone, so there is nobody to tell. What was written stays whole, as after Ctrl-C.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(128 + 13) // as SIGPIPE ends other programs
  })
}

// What the library warns of is a note here, without what Node says around it.
const standard = process.listeners('warning')
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name === 'WordmaskWarning') process.stderr.write(`note: ${warning.message}\n`)
  else for (const listener of standard) listener(warning)
})

run(process.argv.slice(2)).then((code) => {
  process.exitCode = code
})
