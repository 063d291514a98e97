import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { WordmaskError } from '../errors'
import { readClassFile } from '../text/class-file'
import type { ClassEntry } from '../text/classes'
import type { Sample } from './gallery'

/** A folder with `images/`, `labels/` (PNG of the same name, class indices; optional), `captions.jsonl` (optional), `classes.txt`. */
export async function readSamples(folder: string): Promise<{ samples: Sample[]; classes: ClassEntry[] }> {
  const list = async (name: string) => readdir(path.join(folder, name)).catch(() => [] as string[])
  const classes = await readClassFile(path.join(folder, 'classes.txt'))
  const labels = new Set(await list('labels'))
  const titles = await captions(path.join(folder, 'captions.jsonl'))
  const pictures = (await list('images')).filter((file) => !file.startsWith('.')).sort()
  const samples = pictures.map((file) => {
    const name = path.parse(file).name
    const map = `${name}.png`
    const title = titles.get(`images/${file}`)
    return {
      name,
      ...(title && { title }),
      image: path.join(folder, 'images', file),
      ...(labels.has(map) && { labels: path.join(folder, 'labels', map) }),
    }
  })
  if (samples.length === 0) throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `No pictures in ${path.join(folder, 'images')}`)
  return { samples, classes }
}

/** Picture -> caption; empty where there is no such file. */
async function captions(file: string): Promise<Map<string, string>> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const titles = new Map<string, string>()
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    try {
      const { image, caption } = JSON.parse(line) as { image: string; caption: string }
      titles.set(image, caption)
    } catch (cause) {
      throw new WordmaskError('ERR_WORDMASK_IO', `${file}:${i + 1} is not { "image": ..., "caption": ... }`, { cause })
    }
  }
  return titles
}
