import { baseName, folderOf } from '../storage/uri'
import { isHidden, isImage, isTar } from './endings'

/** Of a path below a folder. */
type Matches = (relative: string) => boolean

/**
 * What earlier sources gave, told by names alone: files that were named, and what folders and globs took on their way. Nothing of a
 * folder is kept, so that a million images cost nothing here; what lists, dumps and iterables gave is not known.
 */
export class Taken {
  private readonly files = new Set<string>()
  private readonly folders = new Map<string, Matches[]>()

  addFile(uri: string): void {
    this.files.add(uri)
  }

  /** @param matches of the images and tars below it, hidden ones aside, those that were taken */
  addFolder(uri: string, matches: Matches = () => true): void {
    const at = uri.replace(/(?<=[^/])\/+$/, '')
    this.folders.set(at, [...(this.folders.get(at) ?? []), matches])
  }

  /** @param leftOut folders that were not walked into from above */
  has(uri: string, leftOut: ReadonlySet<string>): boolean {
    if (this.files.has(uri)) return true
    if (this.folders.size === 0 || !(isImage(uri) || isTar(uri))) return false
    let at = folderOf(uri)
    for (let relative = baseName(uri); !isHidden(relative); relative = `${baseName(at)}/${relative}`, at = folderOf(at)) {
      if (this.folders.get(at)?.some((matches) => matches(relative))) return true
      if (leftOut.has(at) || folderOf(at).length >= at.length) return false
    }
    return false
  }
}
