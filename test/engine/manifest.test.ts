import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { jobOf } from '../../lib/engine/job.js'
import { discard, finish, readManifest, readOutput } from '../../lib/engine/manifest.js'
import { WorkFolder, workBase } from '../../lib/engine/work-folder.js'
import { planned, shardsOf, spec, temporary } from './fixtures.js'

const at = temporary('manifest')
const facts = { worker: 'w', attempt: 1, seconds: 1 }
const output = (text: string) => ({ files: [{ name: 'rows', data: Buffer.from(text) }], images: 2, rejects: { ERR_WORDMASK_IMAGE: 1 } })
const outputs = (folder: WorkFolder) => readdirSync(`${folder.uri}/outputs`).sort()
let runs = 0
async function one() {
  const folder = await planned(at(`run-${runs++}`), shardsOf(1))
  return { folder, job: jobOf(spec, shardsOf(1)[0]!) }
}

describe('a finished shard', () => {
  test('has its file under a name made of its content, and a manifest that says what it is', async () => {
    const { folder, job } = await one()
    expect((await finish(folder, job, output('abc'), facts)).first).toBe(true)
    const sha256 = createHash('sha256').update('abc').digest('hex')
    expect(outputs(folder)).toEqual([`${job.id}.${sha256.slice(0, 16)}.rows`])
    expect(await readManifest(folder, job.id)).toMatchObject({
      ...{ version: 1, job: job.id, shard: { id: 'shard-0', name: 's0.tar' }, images: 2, rejects: { ERR_WORDMASK_IMAGE: 1 } },
      files: [{ name: 'rows', bytes: 3, sha256 }],
    })
    expect(await readOutput(folder, (await readManifest(folder, job.id))!, 'rows')).toEqual(Buffer.from('abc'))
  })

  test('done twice with the same result, it changes nothing', async () => {
    const { folder, job } = await one()
    await finish(folder, job, output('abc'), facts)
    const before = readFileSync(folder.place('done', job.id), 'utf8')
    const again = await finish(folder, job, output('abc'), { ...facts, worker: 'late' })
    expect(again).toMatchObject({ first: false, manifest: { worker: 'w' } })
    expect(readFileSync(folder.place('done', job.id), 'utf8')).toBe(before)
    expect(outputs(folder)).toHaveLength(1)
  })

  test('done twice with another result, the first counts and the second leaves no file', async () => {
    const { folder, job } = await one()
    await finish(folder, job, output('first'), facts)
    await finish(folder, job, output('second'), facts)
    expect(outputs(folder)).toHaveLength(1)
    expect((await readOutput(folder, (await readManifest(folder, job.id))!, 'rows'))?.toString()).toBe('first')
  })

  test('of many writers at once exactly one is first', async () => {
    const { folder, job } = await one()
    const all = await Promise.all(Array.from({ length: 12 }, (_, i) => finish(folder, job, output(`writer ${i}`), facts)))
    expect(all.filter(({ first }) => first)).toHaveLength(1)
    const manifest = (await readManifest(folder, job.id))!
    expect(outputs(folder)).toEqual(manifest.files.map(({ file }) => file))
    expect(await readOutput(folder, manifest, 'rows')).toBeDefined()
  })
})

describe('what a crash or a disk left torn', () => {
  test.each(['shorter', 'changed', 'missing'])('an output that is %s is not taken for one', async (how) => {
    const { folder, job } = await one()
    const { manifest } = await finish(folder, job, output('abcdef'), facts)
    const file = `${folder.uri}/outputs/${manifest.files[0]!.file}`
    if (how === 'shorter') truncateSync(file, 3)
    if (how === 'changed') writeFileSync(file, 'abcdeX')
    if (how === 'missing') await folder.remove('outputs', manifest.files[0]!.file)
    expect(await readOutput(folder, manifest, 'rows')).toBeUndefined()
    await discard(folder, job.id, manifest)
    expect(await readManifest(folder, job.id)).toBeUndefined()
    expect(outputs(folder)).toEqual([])
    expect(await folder.open()).toEqual([job.id])
  })

  test('an output without a manifest is nothing; a torn one of the same name is written over', async () => {
    const { folder, job } = await one()
    const { manifest } = await finish(folder, job, output('abcdef'), facts)
    await folder.remove('done', job.id)
    truncateSync(`${folder.uri}/outputs/${manifest.files[0]!.file}`, 2)
    expect(await folder.open()).toEqual([job.id])
    expect((await finish(folder, job, output('abcdef'), facts)).first).toBe(true)
    expect((await readOutput(folder, manifest, 'rows'))?.toString()).toBe('abcdef')
  })

  test.each(['', '{"version":1', '{"version":1,"job":7}'])('a manifest that reads %j is none', async (text) => {
    const { folder, job } = await one()
    await finish(folder, job, output('abc'), facts)
    writeFileSync(folder.place('done', job.id), text)
    expect(await readManifest(folder, job.id)).toBeUndefined()
  })

  test('a manifest of a later wordmask is refused, not thrown away', async () => {
    const { folder, job } = await one()
    writeFileSync(folder.place('shards', 'x'), '')
    await finish(folder, job, output('abc'), facts)
    writeFileSync(folder.place('done', job.id), '{"version":2}')
    await expect(readManifest(folder, job.id)).rejects.toHaveCode('ERR_WORDMASK_VERSION', /npm install wordmask/)
  })
})

describe('the work folder', () => {
  test('of an archive lies inside it and is found again by what it is', async () => {
    expect(workBase('/data/photos.lance/')).toBe('/data/photos.lance/_work')
    expect(workBase('s3://b/photos.lance')).toBe('s3://b/photos.lance/_work')
    const a = await WorkFolder.create(at('same'), { ...spec, model: 'scenes' })
    const b = await WorkFolder.create(at('same'), { ...spec, model: 'another name' })
    const c = await WorkFolder.create(at('same'), { ...spec, weights: 'v' })
    expect(b.uri).toBe(a.uri)
    expect(b.spec).toEqual({ ...spec, model: 'scenes' })
    const all: string[] = []
    for await (const { uri } of WorkFolder.all(at('same'))) all.push(uri)
    expect(all.sort()).toEqual([a.uri, c.uri].sort())
  })

  test('that is not there, or comes from a later wordmask, is said', async () => {
    await expect(WorkFolder.open(at('none', 'digest-0'))).rejects.toHaveCode('ERR_WORDMASK_IO', /No run at/)
    const folder = await WorkFolder.create(at('later'), spec)
    writeFileSync(folder.uri.replace(/\/([^/]+)$/, '/operations/$1.json'), '{"version":2,"name":"digest"}')
    await expect(WorkFolder.open(folder.uri)).rejects.toHaveCode('ERR_WORDMASK_VERSION')
  })

  test('plans a shard once', async () => {
    const folder = await planned(at('plan'), [...shardsOf(3), ...shardsOf(2)])
    expect(await folder.names('shards')).toHaveLength(3)
  })
})
