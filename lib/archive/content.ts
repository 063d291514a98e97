import type { ArchiveRow } from './types'

/** Names the content of a row: its file, and the box of a crop. */
export const contentOf = ({ sha256, box }: Pick<ArchiveRow, 'sha256' | 'box'>): string => (box ? `${sha256}-${box.join('-')}` : sha256)
