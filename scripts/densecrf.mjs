// node scripts/densecrf.mjs: an environment with pydensecrf2 (40 MB, once), in the user cache, for test/refine. Prints its python.
import { cachedVenv } from './cached-venv.mjs'
import { main } from './steps.mjs'

await main(async () => {
  process.stdout.write(`${await cachedVenv('densecrf', ['test/refine/requirements.txt'])}\n`)
})
