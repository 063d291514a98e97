// node s3.mjs [--count 6000] [--tars 60] [--wanted 2000]: an archive of JPEGs in tars on an S3 server of this machine; `wanted` of them,
// the best for one name, exported as a folder: bytes of the answers over the images' own bytes, and requests. Needs the network once
// (scripts/s3-server.mjs makes an environment with moto).
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import { checkout } from '../harness/folders.mjs'
import { numbers, scratch, tell, timed, wordmask } from './common.mjs'
import { jpegs } from './jpegs.mjs'

const { count, tars, wanted, seed } = numbers({ count: 6000, tars: 60, wanted: 2000, seed: 3 })
const { Archive, Clip } = wordmask

const server = await startServer()
const counted = { bytes: 0, requests: 0 }
const relay = await startRelay(server.port)
Object.assign(process.env, {
  ...{ AWS_ENDPOINT_URL: `http://127.0.0.1:${relay.address().port}`, AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true' },
  ...{
    AWS_ACCESS_KEY_ID: 'nobody',
    AWS_SECRET_ACCESS_KEY: 'nothing',
    AWS_CONFIG_FILE: '/nowhere',
    AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
  },
})
const { files } = await jpegs({ count, seed })
await put('', undefined)
for (let tar = 0; tar < tars; tar++)
  await put(`/${String(tar).padStart(3, '0')}.tar`, await packed(files.filter((_, i) => i % tars === tar)))

const folder = scratch('s3')
const clip = await Clip.load('scenes')
const archive = await Archive.open(join(folder, 'archive'), { clip })
const add = await timed(() => archive.add(`s3://shards/{000..${String(tars - 1).padStart(3, '0')}}.tar`))
const adding = { ...counted }
const curated = await archive.curate(['grass'], { perClass: wanted, falseAlarms: false, duplicates: false })
const images = curated.classes[0].images
Object.assign(counted, { bytes: 0, requests: 0 })
const exported = await timed(() => curated.export({ format: 'folder', into: join(folder, 'out') }))
const own = images.reduce((sum, { length }) => sum + length, 0)
await archive.close()
clip.dispose()
relay.close()
relay.closeAllConnections()
server.child.stdin.end()

tell({
  ...{
    images: count,
    tars,
    exported: exported.result.images,
    rejected: exported.result.rejected.length,
    fromTars: new Set(images.map(({ uri }) => uri)).size,
  },
  ...{ ownBytes: own, bytesRead: counted.bytes, ofOwn: counted.bytes / own, requests: counted.requests, seconds: exported.seconds },
  add: { seconds: add.seconds, bytesRead: adding.bytes, requests: adding.requests, done: add.result.done },
})

async function startServer() {
  const python = execFileSync(process.execPath, [join(checkout, 'scripts/s3-server.mjs')], { encoding: 'utf8' }).trim()
  const child = spawn(python, [join(checkout, 'test/helpers/s3_server.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [port] = await once(createInterface(child.stdout), 'line')
  return { child, port: Number(port) }
}

/** Stands before the server and counts what it answers. */
async function startRelay(port) {
  const between = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming
    counted.requests++
    const upstream = request({ port, host: '127.0.0.1', method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers)
      answer.on('data', (chunk) => {
        counted.bytes += chunk.length
      })
      answer.pipe(outgoing)
    })
    upstream.on('error', () => outgoing.destroy())
    incoming.pipe(upstream)
  })
  between.listen(0, '127.0.0.1')
  await once(between, 'listening')
  return between
}

async function put(path, body) {
  const answer = await fetch(`http://127.0.0.1:${server.port}/shards${path}`, { method: 'PUT', body })
  if (!answer.ok) throw new Error(`The S3 server answered ${answer.status} to PUT ${path}`)
}

function packed(list) {
  const tar = pack()
  for (const file of list) {
    const key = file.slice(-9, -4)
    tar.entry({ name: `${key}.jpg` }, readFileSync(file))
    tar.entry({ name: `${key}.txt` }, 'a scene')
  }
  tar.finalize()
  return buffer(tar)
}
