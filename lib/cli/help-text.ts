/** What stands left of this many columns is a name with its explanation beside it. */
const leastRoom = 20

/**
 * Help for a terminal of `width` columns: a paragraph of which a line is wider is broken anew, a table's line goes on below its
 * explanation. Command lines stay whole, so that they can be copied.
 */
export function fitted(text: string, width: number): string {
  const lines: string[] = []
  let paragraph: string[] = []
  const flush = () => {
    const wide = paragraph.some((line) => line.length > width)
    lines.push(...(wide ? broken(paragraph.join(' '), width, 0) : paragraph))
    paragraph = []
  }
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) {
      paragraph.push(line)
      continue
    }
    flush()
    lines.push(...(line.length <= width || isCommand(line) ? [line] : broken(line, width, hanging(line, width))))
  }
  flush()
  return lines.join('\n')
}

/** An example, or what goes on after a backslash. */
const isCommand = (line: string) => /^ {2}(wordmask|npx|npm) /.test(line) || /^ {4,}-/.test(line)

/** Where the explanation begins; the line's own beginning where there is none, or no room beside it. */
function hanging(line: string, width: number): number {
  const own = /^ */.exec(line)![0].length
  const beside = /^ *\S.*? {2,}(?=\S)/.exec(line)?.[0].length ?? own
  return beside <= width - leastRoom ? beside : own + 2
}

function broken(line: string, width: number, indent: number): string[] {
  const lines: string[] = []
  let rest = line
  for (let from = 0; rest.length > width; from = indent) {
    // Not within the indentation; a word that is too long is left whole.
    const before = rest.lastIndexOf(' ', width)
    const at = before > Math.max(from, /^ */.exec(rest)![0].length) ? before : rest.indexOf(' ', width)
    if (at < 0) break
    lines.push(rest.slice(0, at).trimEnd())
    rest = ' '.repeat(indent) + rest.slice(at).trimStart()
  }
  return [...lines, rest]
}
