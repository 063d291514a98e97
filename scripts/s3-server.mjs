// node scripts/s3-server.mjs: an environment with moto, an S3 server for tests (40 MB, once), in the user cache. Prints its python.
import { cachedVenv } from './cached-venv.mjs'
import { main } from './steps.mjs'

await main(async () => {
  process.stdout.write(`${await cachedVenv('s3-server', ['test/helpers/s3-requirements.txt'])}\n`)
})
