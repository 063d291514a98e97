import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { loadPeers, peers } from '../../lib/engine/peers.js'

test('the peers are optional, and pinned to the versions that are tested', () => {
  const manifest = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'))
  expect(manifest.peerDependencies).toMatchObject(peers)
  for (const name of Object.keys(manifest.peerDependencies)) expect(manifest.peerDependenciesMeta[name]).toEqual({ optional: true })
  for (const [name, version] of Object.entries(peers)) expect(manifest.devDependencies[name]).toBe(version)
})

test('a missing peer is said with the line that installs both', async () => {
  vi.doMock('bullmq', () => {
    throw new Error("Cannot find package 'bullmq'")
  })
  await expect(loadPeers()).rejects.toHaveCode('ERR_WORDMASK_PEER', /npm install bullmq@6\.7\.0 ioredis@6\.0\.0/)
  vi.doUnmock('bullmq')
})
