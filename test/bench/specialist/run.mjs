// npm run bench -- specialist [PART] [OPTIONS]: what is trained on pseudo-labels, on scenes. Without PART all of them, one after the other;
// OPTIONS go to each as they are. Each part says at its head what it measures.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const parts = { plus: 'plus.mjs', rare: 'rare.mjs' }

const [word, ...rest] = process.argv.slice(2)
const one = Object.hasOwn(parts, word ?? '')
for (const part of one ? [word] : Object.keys(parts)) {
  const program = join(import.meta.dirname, parts[part])
  const { status } = spawnSync(process.execPath, [program, ...(one ? rest : process.argv.slice(2))], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
