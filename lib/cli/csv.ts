/** RFC 4180: a field with a comma, quote or line break is quoted. */
export function csv(rows: Record<string, string | number | undefined>[]): string {
  const head = Object.keys(rows[0] ?? {})
  const cell = (value: string | number | undefined) => {
    const text = value === undefined ? '' : typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(6) : String(value)
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return `${[head.join(','), ...rows.map((row) => head.map((key) => cell(row[key])).join(','))].join('\n')}\n`
}
