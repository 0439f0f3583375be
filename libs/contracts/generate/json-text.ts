/** As the formatter writes JSON, so that what is generated needs no formatting: plain lists on one line if they fit. */
const WIDTH = 120

export function jsonText(json: unknown): string {
  return `${print(json, '', 0)}\n`
}

/** `taken` is how much of the line stands before the value. */
function print(json: unknown, indent: string, taken: number): string {
  if (typeof json !== 'object' || json === null) return JSON.stringify(json)
  const inner = `${indent}  `
  if (Array.isArray(json)) {
    if (json.length === 0) return '[]'
    const line = `[${json.map((one: unknown) => JSON.stringify(one)).join(', ')}]`
    const plain = json.every((one: unknown) => typeof one !== 'object' || one === null)
    // One more for the comma that may follow.
    if (plain && taken + line.length + 1 <= WIDTH) return line
    const items = json.map((one: unknown) => inner + print(one, inner, inner.length))
    return `[\n${items.join(',\n')}\n${indent}]`
  }
  const entries = Object.entries(json)
  if (entries.length === 0) return '{}'
  const lines = entries.map(([key, value]) => {
    const before = `${inner}${JSON.stringify(key)}: `
    return before + print(value, inner, before.length)
  })
  return `{\n${lines.join(',\n')}\n${indent}}`
}
