// Trains by the function that argv[2] names with the options of argv[3], and ends itself by SIGKILL when it hears of step argv[4].
const { open } = require('../helpers/native.cjs')
const [train, options, last] = process.argv.slice(2)
open()[train](JSON.parse(options), ({ step }) => step >= Number(last) && process.kill(process.pid, 'SIGKILL'), {})
