import { unescapeClosedHtml, unescapeHtml } from './html'
import { repairControls, repairMojibake } from './mojibake'

/**
 * The cleaning CLIP was trained with, in its order: ftfy's repairs (its documented default behaviour, written anew), HTML
 * unescaped twice, white space collapsed, lower case.
 */
export function clean(text: string): string {
  const repaired = unescapeHtml(unescapeHtml(repair(text)))
  return collapseSpace(repaired).toLowerCase()
}

const ligatures = new Map(
  Object.entries({
    Ĳ: 'IJ',
    ĳ: 'ij',
    ŉ: 'ʼn',
    Ǳ: 'DZ',
    ǲ: 'Dz',
    ǳ: 'dz',
    Ǆ: 'DŽ',
    ǅ: 'Dž',
    ǆ: 'dž',
    Ǉ: 'LJ',
    ǈ: 'Lj',
    ǉ: 'lj',
    Ǌ: 'NJ',
    ǋ: 'Nj',
    ǌ: 'nj',
    ﬀ: 'ff',
    ﬁ: 'fi',
    ﬂ: 'fl',
    ﬃ: 'ffi',
    ﬄ: 'ffl',
    ﬅ: 'ſt',
    ﬆ: 'st',
  }),
)
const ligature = new RegExp(`[${[...ligatures.keys()].join('')}]`, 'g')

/** One line after the other: a "<" switches unescaping off for the rest of the text, which then looks like HTML. */
function repair(text: string): string {
  let entities = true
  return text.replace(/[^\n]*\n|[^\n]+$/g, (line) => {
    entities &&= !line.includes('<')
    return repairLine(line, entities)
  })
}

function repairLine(line: string, entities: boolean): string {
  let text = line
  let before: string
  do {
    before = text
    if (entities) text = unescapeClosedHtml(text)
    text = straighten(repairControls(repairMojibake(text)))
      .replace(/\r\n|[\r\u2028\u2029\x85]/g, '\n')
      .replace(/[\ud800-\udfff]/gu, '\ufffd')
      .replace(/\x1b\[[\d;]*[a-zA-Z]/g, '')
      .replace(/[\0-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g, '')
      .normalize('NFC')
  } while (text !== before)
  return text
}

/** Typographic variants become the plain characters: ligatures, full and half width forms, curly quotes. */
function straighten(text: string): string {
  return text
    .replace(ligature, (character) => ligatures.get(character) as string)
    .replace(/\u3000/g, ' ')
    .replace(/[\uff01-\uffef]/g, (character) => character.normalize('NFKC'))
    .replace(/[\u201c-\u201f]/g, '"')
    .replace(/[\u02bc\u2018-\u201b]/g, "'")
}

/** What Python's str.split() takes for white space; JavaScript's \s has U+FEFF instead of U+001C..1F and U+0085. */
const space = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g

function collapseSpace(text: string): string {
  return text.replace(space, ' ').replace(/^ | $/g, '')
}
