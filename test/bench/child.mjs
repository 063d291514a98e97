// One case in one process: node child.mjs FILE NAME -> JSON on stdout.
const [file, name] = process.argv.slice(2)
const { default: cases } = await import(file)
const found = cases.find((one) => one.name === name)
if (!found) throw new Error(`${file} has no case ${name}`)

const { unit, seconds = 3, atLeast = 5 } = found
const prepared = await found.prepare()
const values = []
if (found.measure) {
  for (let i = 0; i < atLeast; i++) values.push(await found.measure(prepared))
} else {
  for (let i = 0; i < 2; i++) await found.run(prepared)
  const until = performance.now() + seconds * 1000
  while (values.length < atLeast || performance.now() < until) {
    const began = performance.now()
    await found.run(prepared)
    const took = performance.now() - began
    values.push(unit === 'ms' ? took : (found.items * 1000) / took)
  }
}
values.sort((a, b) => a - b)
const at = (share) => values[Math.min(values.length - 1, Math.floor(share * values.length))]
process.stdout.write(
  JSON.stringify({ name, unit, median: at(0.5), low: at(0.1), high: at(0.9), runs: values.length, note: found.note?.(prepared) }),
)
prepared?.dispose?.()
