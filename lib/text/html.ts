import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { modelsFolder } from '../folders'

const names: Record<string, string> = JSON.parse(readFileSync(join(modelsFolder, 'vocab', 'html5-entities.json'), 'utf8'))
const named = new Map(Object.entries(names))

/** Windows-1252 meanings of the references 128..159, as HTML defines them; unassigned bytes stay control characters. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

function isNoCharacter(code: number): boolean {
  return (
    (code >= 0x1 && code <= 0x8) ||
    code === 0xb ||
    (code >= 0xe && code <= 0x1f) ||
    (code >= 0x7f && code <= 0x9f) ||
    (code >= 0xfdd0 && code <= 0xfdef) ||
    (code & 0xfffe) === 0xfffe
  )
}

function fromNumber(code: number): string {
  if (code === 0) return '\ufffd'
  if (code >= 0x80 && code <= 0x9f) return windows1252[code - 0x80] as string
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return '\ufffd'
  return isNoCharacter(code) ? '' : String.fromCodePoint(code)
}

function fromName(name: string): string {
  const exact = named.get(name)
  if (exact !== undefined) return exact
  for (let length = name.length - 1; length > 1; length--) {
    const prefix = named.get(name.slice(0, length))
    if (prefix !== undefined) return prefix + name.slice(length)
  }
  return `&${name}`
}

const reference = /&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)/gu

/** HTML5 character references, with and without semicolon, longest name first (Python's html.unescape). */
export function unescapeHtml(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(reference, (_, body: string) => {
    if (!body.startsWith('#')) return fromName(body)
    const hex = body[1] === 'x' || body[1] === 'X'
    return fromNumber(Number.parseInt(body.slice(hex ? 2 : 1), hex ? 16 : 10))
  })
}

let upperCase: Map<string, string> | undefined

/** Lower-case names written in capitals (&EACUTE;) mean the upper-case character, unless the capitals mean something already. */
function fromCapitals(name: string): string | undefined {
  if (!upperCase) {
    upperCase = new Map()
    for (const [key, value] of named) {
      const capitals = key.toUpperCase()
      if (key.endsWith(';') && key === key.toLowerCase() && fromName(capitals) === `&${capitals}`)
        upperCase.set(capitals, value.toUpperCase())
    }
  }
  return upperCase.get(name)
}

const closed = /#?[0-9A-Za-z]{1,24};/y

/** What `body` (without the &, with its semicolon) stands for; undefined where it is left. */
function fromClosed(body: string): string | undefined {
  if (!body.startsWith('#')) return named.get(body) ?? fromCapitals(body)
  const decoded = unescapeHtml(`&${body}`)
  return decoded.includes(';') ? undefined : decoded
}

/**
 * Only references that end in a semicolon, so that "this&not that" stays; what ftfy unescapes in text without tags. An & that
 * comes of one may begin the next: "&amp;amp;amp;" is gone through once, however often it was escaped.
 */
export function unescapeClosedHtml(text: string): string {
  let from = text.indexOf('&')
  if (from < 0) return text
  let done = text.slice(0, from)
  while (from < text.length) {
    // Here stands an &, or would stand one if what comes before were written out.
    let end = from + 1
    let meaning: string | undefined = '&'
    for (let more: string | undefined = '&'; more === '&'; ) {
      closed.lastIndex = end
      const body: string | undefined = closed.exec(text)?.[0]
      more = body === undefined ? undefined : fromClosed(body)
      if (more === undefined) break
      meaning = more
      end += (body as string).length
    }
    const next = text.indexOf('&', end)
    done += meaning + (next < 0 ? text.slice(end) : text.slice(end, next))
    if (next < 0) break
    from = next
  }
  return done
}
