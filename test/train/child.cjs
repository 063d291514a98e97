// Trains with the options of argv[2], by the function that argv[3] names; says every step on a line of its own.
const { open } = require('../helpers/native.cjs')
open()
  [process.argv[3] ?? 'trainClip'](JSON.parse(process.argv[2]), ({ step }) => process.stdout.write(`${step}\n`), {})
  .then(({ steps }) => process.stdout.write(`done ${steps}\n`))
