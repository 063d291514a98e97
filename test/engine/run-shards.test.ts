import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { Processes } from '../../lib/engine/processes'
import { runShards } from '../../lib/engine/run-shards'
import { WorkFolder } from '../../lib/engine/work-folder'
import { WordmaskError } from '../../lib/errors'

const folder = mkdtempSync(join(tmpdir(), 'wordmask-run-shards-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const asked = { queue: undefined, part: undefined, devices: ['cpu'], batchSize: undefined, attempts: undefined, onWarning: undefined }

test('what is no source, and what holds no shard, starts no worker; the first shard starts them once', async () => {
  const start = vi.spyOn(Processes.prototype, 'start').mockImplementation(() => {})
  const work = await WorkFolder.create(folder, { name: 'embed', config: {}, weights: 'w', model: 'm' } as never)
  async function* wrong() {
    await Promise.reject(new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', 'no such folder'))
    yield undefined
  }
  await expect(runShards(work, asked, { shards: wrong() as never, pollMs: 5 })).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
  async function* none() {}
  expect(await runShards(work, asked, { shards: none() as never, pollMs: 5 })).toMatchObject({ shards: 0, stopped: false })
  expect(start).not.toHaveBeenCalled()
  const stop = new AbortController()
  async function* two() {
    for (const id of ['a', 'b']) yield { id, name: id, source: {}, images: 1 }
  }
  const onProgress = ({ planned }: { planned: boolean }) => planned && stop.abort()
  expect(await runShards(work, asked, { shards: two(), pollMs: 5, stop: stop.signal, onProgress })).toMatchObject({
    shards: 2,
    stopped: true,
  })
  expect(start).toHaveBeenCalledTimes(1)
})
