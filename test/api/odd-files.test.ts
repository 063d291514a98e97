import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodePng } from '../../lib/image/png'
import { Clip, decodeImage, readClassFile, readLabelMap, Segmenter } from '../../lib/index'
import { loadTinyClip, temporaryFolder } from './tiny-clip'

const folder = await temporaryFolder()
const pipe = join(folder, 'pipe.png')
let clip: Clip
beforeAll(async () => {
  execFileSync('mkfifo', [pipe])
  clip = await loadTinyClip(folder)
})
afterAll(() => clip.dispose())

describe('a pipe or a device, of which nobody knows when it ends, is refused at once', () => {
  test.each(['/dev/zero', pipe])(
    '%s',
    async (path) => {
      await expect(decodeImage(path)).rejects.toHaveCode('ERR_WORDMASK_IMAGE', /pipe or a device.*pass the bytes/)
      await expect(clip.encodeImage([path])).rejects.toHaveCode('ERR_WORDMASK_IMAGE')
      await expect(readLabelMap(path)).rejects.toHaveCode('ERR_WORDMASK_IO', /EINVAL/)
      await expect(readClassFile(path)).rejects.toHaveCode('ERR_WORDMASK_IO', /EINVAL/)
      await expect(Clip.load(path)).rejects.toHaveCode('ERR_WORDMASK_CHECKPOINT', /not a regular file/)
      await expect(Segmenter.load(path)).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND')
      expect((await clip.encodeText('fox')).shape).toEqual([1, 24])
    },
    10_000,
  )
})

test('a label map whose header claims 3.6 billion pixels is refused before they take memory', async () => {
  const whole = Buffer.from(await encodePng({ data: new Uint8Array(4), width: 2, height: 2, depth: 8, channels: 1 }))
  whole.writeUInt32BE(60_000, 16)
  whole.writeUInt32BE(60_000, 20)
  const file = join(folder, 'claims.png')
  await writeFile(file, whole)
  await expect(readLabelMap(file)).rejects.toHaveCode('ERR_WORDMASK_IMAGE_TOO_LARGE', /60000 x 60000 = 3600000000 pixels; the limit/)
})

test('a path with a NUL, which the system would cut there, is no path', async () => {
  const code = 'ERR_WORDMASK_INVALID_ARGUMENT'
  await expect(clip.save(join(folder, 'model\0.safetensors'))).rejects.toHaveCode(code, /a path/)
  await expect(readLabelMap('map\0.png')).rejects.toHaveCode(code)
  await expect(readClassFile('names\0.txt')).rejects.toHaveCode(code)
  await expect(Segmenter.load('saved\0')).rejects.toHaveCode(code)
  await expect(decodeImage('image\0.png')).rejects.toHaveCode('ERR_WORDMASK_IO')
  await expect(Clip.load('model\0')).rejects.toHaveCode('ERR_WORDMASK_MODEL_NOT_FOUND')
})
