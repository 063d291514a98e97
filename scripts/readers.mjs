// node scripts/readers.mjs: an environment with the public tools that read what we write (600 MB, once), in the user cache. Prints
// its python.
import { cachedVenv } from './cached-venv.mjs'
import { main } from './steps.mjs'

await main(async () => {
  const files = [['test/helpers/readers-requirements.txt'], ['test/helpers/readers-alone-requirements.txt']]
  process.stdout.write(`${await cachedVenv('readers', ...files)}\n`)
})
