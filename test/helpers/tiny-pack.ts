const ids = {
  a: 320,
  the: 518,
  dog: 1929,
  cat: 2368,
  dogs: 3255,
  cats: 3989,
  grass: 9322,
  sky: 2390,
  photo: 1125,
  of: 539,
  on: 525,
  and: 537,
}
const more = {
  in: 530,
  with: 593,
  front: 2184,
  two: 1237,
  three: 2096,
  four: 2655,
  five: 2797,
  '2': 273,
  '3': 274,
  '4': 275,
  '5': 276,
  ',': 267,
  '.': 269,
}

/** The header of a pack of two concepts, two backgrounds and one style, all of it valid. */
export const tinyHeader = () => ({
  kind: 'training',
  names: ['dog', 'cat', 'grass', 'sky'],
  concepts: 2,
  plurals: ['dogs', 'cats'],
  articles: ['a', 'a', '', 'the'],
  mass: [0, 0],
  backgroundPairs: [[3, 2]],
  templates: ['{}', 'a photo of {}'],
  prompts: ['a photo of a {}.'],
  contextLength: 32,
  dictionary: Object.fromEntries(Object.entries({ ...ids, ...more }).map(([word, id]) => [word, [id]])),
  vocabulary: [...new Set([...Object.values(ids), ...Object.values(more), 49406, 49407])].sort((a, b) => a - b),
  styles: [
    {
      name: 'plain',
      weight: 1,
      sprites: [
        [0, 3, 2],
        [1, 2, 2],
      ],
    },
  ],
})

/** A pack file; `pixels` bytes follow the header, by default as many as tinyHeader's sprites have. */
export function packFile(
  header: unknown,
  { version = 1, pixels = 3 * 2 * 4 + 2 * 2 * 4, length = undefined as number | undefined } = {},
): Buffer {
  const head = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const prefix = Buffer.alloc(16)
  prefix.write('WMSCENES', 'latin1')
  prefix.writeUInt32LE(version, 8)
  prefix.writeUInt32LE(length ?? head.length, 12)
  return Buffer.concat([prefix, head, Buffer.alloc(pixels, 200)])
}
