/**
 * UTF-8 that was read as Windows-1252 or Latin-1 ("Ã©" for "é"). Our rule: characters go back to the bytes they came from,
 * and every run of bytes that is well-formed UTF-8 is read as such when the line gives evidence that this is no accident:
 * two such sequences, one of more than two bytes, one that begins with Â or Ã, or Ä or Å and a sign inside a word. Runs that
 * real text has are never read: a letter before closing quotes, and a lone É..Í before a sign ("«CAFÉ»").
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

const ordinary = /^[É-Í].$|^[^â][‘’“”]{2}$/
const telling = /^[ÂÃ]|^..[^]/

function repairOnce(text: string): string {
  const decoded = new Map<string, string>()
  let evidence = 0
  for (const { 0: run, index } of text.matchAll(sequences)) {
    const meaning = ordinary.test(run) ? undefined : decode(run)
    if (meaning === undefined) continue
    decoded.set(run, meaning)
    const insideWord = /^[ÄÅ]\P{L}/u.test(run) && /^\p{L}/u.test(text.slice(index + run.length, index + run.length + 2))
    evidence += [...meaning].length + (telling.test(run) || insideWord ? 1 : 0)
  }
  return evidence < 2 ? text : text.replace(sequences, (run) => decoded.get(run) ?? run)
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
