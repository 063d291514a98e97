import sharp from 'sharp'
import { isImage } from '../sources/endings'

const endings: Record<string, string> = { jpeg: '.jpg', png: '.png', webp: '.webp', tiff: '.tif', gif: '.gif', heif: '.avif' }

/** A name that tells an image: what is called otherwise, as addresses are, gets the ending of its format. */
export async function withEnding(name: string, bytes: Uint8Array): Promise<string> {
  if (isImage(name)) return name
  const { format } = await sharp(bytes).metadata()
  return `${name}${endings[format] ?? '.png'}`
}
