// bus-error.cjs <vector file> <layout>: searches it, so that our handler is there, then sends itself SIGBUS.
const native = require('../../helpers/native.cjs')

async function main(file, layout) {
  const vectors = await native.open().VectorFile.open(file, JSON.parse(layout), {})
  await vectors.search({ data: new Float32Array(4), shape: [1, 4] }, { k: 1 }, {})
  process.stdout.write('searched\n', () => process.kill(process.pid, 'SIGBUS'))
  setTimeout(() => {}, 10_000)
}

void main(...process.argv.slice(2))
