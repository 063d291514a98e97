import type { SegmentMethod } from './method'
import { methodKind } from './methods'
import type { SegmenterLoadOptions } from './options'
import type { Defaults } from './plan'
import { readIndex } from './saved'

/** What a folder holds; the method is the caller's to dispose of. */
export async function loadSegmenter(
  folder: string,
  options: SegmenterLoadOptions,
): Promise<{ strategy: SegmentMethod; defaults: Defaults }> {
  const { method, defaults, own } = await readIndex(folder)
  const kind = await methodKind(method)
  return { strategy: await kind.load(folder, own, defaults, options), defaults }
}
