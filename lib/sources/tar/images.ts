import type { ImagePlace } from '../../archive/types'
import { WordmaskError } from '../../errors'
import { unsigned } from '../../redact'
import type { StoredFile } from '../../storage/store'
import { captionText, checkImageBytes } from '../bytes'
import { isHidden, isImage } from '../endings'
import { HeldBytes, heldBytes, heldUnpacked } from '../held'
import { imageId } from '../ids'
import { rejectOf } from '../reject'
import type { Context, Found } from '../types'
import { asVersion } from '../version'
import type { Member } from './members'

const maxTextBytes = 1 << 20
const maxSample = 100

/**
 * Puts the members of one tar together to images. With captions, the members of one key (the name up to the first dot of its last
 * part) are one sample as in WebDataset, and stand one after the other: the images are given when the key changes.
 */
export class TarImages {
  private sampleKey: string | undefined
  private waiting: Found[] = []
  private text: string | undefined
  private json: string | undefined
  /** Ids of all members so far: about 100 bytes each. */
  private readonly seen = new Set<string>()
  private readonly held: HeldBytes

  /** @param reopen reads a member again, after its bytes were handed out or let go */
  constructor(
    private readonly tar: Pick<StoredFile, 'uri' | 'version'>,
    private readonly ranges: boolean,
    private readonly context: Context,
    private readonly accept: (name: string) => boolean,
    private readonly reopen: (place: ImagePlace, signal?: AbortSignal) => Promise<Uint8Array>,
  ) {
    this.held = new HeldBytes(ranges ? heldBytes : heldUnpacked)
  }

  /** What is complete before this member, or with it. */
  async *take(member: Member): AsyncGenerator<Found, void, undefined> {
    if (isHidden(member.name) || member.type === 'directory') return
    const key = keyOf(member.name)
    if (key !== this.sampleKey) {
      yield* this.flush()
      this.sampleKey = key
    }
    if (isImage(member.name) && this.accept(member.name)) {
      const found = await this.image(member)
      if (found === undefined) return
      if (!this.context.captions) return yield found
      this.waiting.push(found)
      if (this.waiting.length > maxSample) yield* this.overfull(key)
    } else if (this.context.captions) await this.caption(member)
  }

  *flush(): Generator<Found, void, undefined> {
    const caption = this.text ?? this.json
    for (const found of this.waiting) {
      if (caption !== undefined) found.image.caption = caption
      yield found
    }
    this.waiting = []
    this.text = undefined
    this.json = undefined
  }

  /** Names such as IMG.0001.jpg, IMG.0002.jpg are one sample by the rule, and would all be held. */
  private *overfull(key: string): Generator<Found, void, undefined> {
    this.context.onNotice(
      `${this.tar.uri} has more than ${maxSample} images of the key ${JSON.stringify(key)} (the name up to its first dot), so captions cannot be told apart: ` +
        'they have none',
    )
    yield* this.flush()
  }

  /** Undefined where it is rejected. */
  private async image(member: Member): Promise<Found | undefined> {
    const { name, offset, length } = member
    const { uri, version } = this.tar
    const range: ImagePlace = { uri, key: name, ...(this.ranges && { offset, length }) }
    const place = { ...range, uri: unsigned(uri) }
    const id = imageId(uri, this.context.root, name)
    try {
      check(member, this.seen.has(id))
      checkImageBytes(`${name} in ${uri}`, length)
    } catch (error) {
      // Of a name that comes twice the first is the image, so the second needs an id of its own.
      this.context.onReject(rejectOf(this.seen.has(id) ? `${id}@${offset}` : id, place, error))
      return undefined
    }
    this.seen.add(id)
    const bytes = this.held.hold(await member.data(), (signal) => this.reopen(range, signal), true)
    return { name: name.replace(/^(\.\/)+/, ''), image: { id, ...place, ...asVersion(version), bytes } }
  }

  private async caption(member: Member): Promise<void> {
    if (member.length > maxTextBytes || member.sparse || member.type !== 'file') return
    if (/\.txt$/i.test(member.name)) this.text ??= captionText(await member.data())
    else if (/\.json$/i.test(member.name)) this.json ??= jsonCaption(await member.data())
  }
}

function check(member: Member, repeated: boolean): void {
  const say = (text: string) => new WordmaskError('ERR_WORDMASK_IMAGE', `${member.name} ${text}`)
  if (repeated) throw say('is in the tar more than once; the first one is taken')
  if (member.type === 'link' || member.type === 'symlink')
    throw say(`is a link to ${member.linkname}. Make the tar with --dereference --hard-dereference`)
  if (member.sparse) throw say('is a sparse file. Make the tar without --sparse')
  if (member.type !== 'file' && member.type !== 'contiguous-file') throw say(`is no file but a ${member.type}`)
}

/** WebDataset's key: the name up to the first dot of its last part. */
export function keyOf(name: string): string {
  const start = name.lastIndexOf('/') + 1
  const dot = name.indexOf('.', start)
  return dot < 0 ? name : name.slice(0, dot)
}

function jsonCaption(bytes: Buffer): string | undefined {
  try {
    const { caption, text } = JSON.parse(bytes.toString('utf8')) as { caption?: unknown; text?: unknown }
    const found = caption ?? text
    return typeof found === 'string' ? found.trim() || undefined : undefined
  } catch {
    // Other JSON than captions lies in tars as well.
    return undefined
  }
}
