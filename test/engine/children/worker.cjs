// A worker of a queue, as `wordmask worker` runs one. Options are JSON in argv[2]; events are JSON lines on stdout.
const { runWorker } = require('../../../dist/engine/worker.js')

const { digest, ...options } = JSON.parse(process.argv[2])
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)
const open = digest ? require('./digest.cjs').openOperation : undefined
runWorker({ ...options, ...(open && { open }), stop: stop.signal, onEvent: say }).then(
  (counts) => {
    say({ type: 'ended', ...counts })
    process.exit(0)
  },
  (error) => {
    say({ type: 'error', code: error.code, message: error.message })
    process.exit(1)
  },
)
