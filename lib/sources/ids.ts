import { createHash } from 'node:crypto'
import type { Box } from '../archive/types'
import { unsigned } from '../redact'
import { normalUri, schemeOf } from '../storage/uri'

/**
 * 32 hex digits of the SHA-256 of the URI and, within a shard, of the member's name (without a leading `./`). The URI is the absolute one, so a
 * relative spelling gives the same id; below `root` only what follows it counts, so another mount gives the same id as well. A
 * signature is no part of it.
 */
export function imageId(uri: string, root: string | undefined, key?: string): string {
  const hash = createHash('sha256').update(belowRoot(unsigned(uri), root))
  if (key !== undefined) hash.update('\0').update(key.replace(/^(\.\/)+/, ''))
  return hash.digest('hex').slice(0, 32)
}

/** Boxes are in pixels; `again` counts equal boxes of one image (two categories, one box) from 1. */
export const cropId = (parent: string, box: Box, again: number): string => `${parent}#${box.join(',')}${again > 1 ? `,${again}` : ''}`

function belowRoot(uri: string, root: string | undefined): string {
  if (root === undefined) return uri
  const prefix = `${(schemeOf(root) === 'file' ? normalUri(root) : root).replace(/\/+$/, '')}/`
  return uri.startsWith(prefix) ? uri.slice(prefix.length) : uri
}
