/**
 * UTF-8 that was read as Windows-1252 or Latin-1 ("Ã©" for "é"). Our rule: characters go back to the bytes they came from,
 * and every run of bytes that is well-formed UTF-8 is read as such when the line gives evidence that this is no accident:
 * two such sequences, one of more than two bytes, or one that begins with Â or Ã. A lone sequence that begins with É..Í
 * (phonetic letters and combining marks as UTF-8) is never read, so "«CAFÉ»" stays as it is.
 */
const high = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ'
const highBytes = [
  0x80, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8e, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a,
  0x9b, 0x9c, 0x9e, 0x9f,
]
const toByte = new Map<string, number>([...high].map((character, i) => [character, highBytes[i] as number]))
for (let byte = 0x80; byte <= 0xff; byte++) toByte.set(String.fromCharCode(byte), byte)

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const trail = `[\\x80-\\xbf${high}]`
const sequences = new RegExp(`(?:[\\xc2-\\xdf]${trail}|[\\xe0-\\xef]${trail}{2}|[\\xf0-\\xf4]${trail}{3})+`, 'g')

function decode(run: string): string | undefined {
  try {
    return decoder.decode(Uint8Array.from(run, (character) => toByte.get(character) as number))
  } catch {
    return undefined
  }
}

function repairOnce(text: string): string {
  const decoded = new Map<string, string>()
  let characters = 0
  for (const [run] of text.matchAll(sequences)) {
    const meaning = decode(run)
    if (meaning === undefined || (run.length === 2 && /^[É-Í]/.test(run))) continue
    decoded.set(run, meaning)
    characters += [...meaning].length + (run.length > 2 || /^[ÂÃ]/.test(run) ? 1 : 0)
  }
  return characters < 2 ? text : text.replace(sequences, (run) => decoded.get(run) ?? run)
}

export function repairMojibake(text: string): string {
  if (!/[\xc2-\xf4]/.test(text)) return text
  let before: string
  do {
    before = text
    text = repairOnce(text)
  } while (text !== before)
  return text
}

/** C1 control characters mean their Windows-1252 neighbours, as in browsers. */
export function repairControls(text: string): string {
  return text.replace(/[\x80-\x9f]/g, (control) => {
    const i = highBytes.indexOf(control.charCodeAt(0))
    return i < 0 ? control : ([...high][i] as string)
  })
}
