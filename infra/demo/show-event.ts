import { type BranchLeaf, type Output, type Path, type RawLeaf, type Stream, verbInWords } from '@weir/contracts'
import { valueAt } from '@weir/test/workload/value-at.ts'
import avro from 'avsc'

/** What stands in a clean topic of one event; null: nothing. */
export interface CleanRecord {
  readonly key: Buffer | null
  readonly value: Buffer
}

const WIDTH = 58
const INDENT = '    '

/** One event as it came in, and what each purpose gets of it, with the reason for each leaf. */
export function beforeAndAfter(
  stream: Stream,
  event: unknown,
  found: (output: Output) => CleanRecord | null,
): string[] {
  const lines = ['', 'One event, before:']
  for (const leaf of shown(stream)) lines.push(INDENT + pair(leaf.path.join('.'), words(leaf, event)))
  for (const output of stream.outputs) {
    const record = found(output)
    lines.push('', `after, for ${output.purpose.name} (${output.purpose.title}):`)
    if (record === null) lines.push(`${INDENT}withheld: without a grant this purpose publishes nothing`)
    else lines.push(...after(stream, output, event, record).map((line) => INDENT + line))
  }
  return [...lines, '']
}

/** Leaves of records, and what lists, maps and unions hold as a whole. */
function shown(stream: Stream): RawLeaf[] {
  const places = new Map<string, RawLeaf>()
  for (const leaf of stream.leaves) {
    const path = placeOf(leaf.path)
    if (!places.has(path.join('.'))) places.set(path.join('.'), { ...leaf, path })
  }
  return [...places.values()]
}

/** The path up to the first step that no field name can be. */
function placeOf(path: Path): Path {
  const special = path.findIndex((step) => /^[[{<]/.test(step))
  return special < 0 ? path : path.slice(0, special)
}

function after(stream: Stream, output: Output, event: unknown, record: CleanRecord): string[] {
  const clean: unknown = avro.Type.forSchema(output.cleanSchema as avro.Schema).fromBuffer(record.value.subarray(5))
  const policy = output.policies.at(-1)
  const granted = record.key !== null
  const branch = granted ? policy?.granted : output.otherwise
  const named = new Map((branch?.leaves ?? []).map((leaf) => [leaf.path.join('.'), leaf]))
  const outcome = granted ? `granted, under the pseudonym ${record.key}` : 'stripped: no grant covers it'
  const lines = [`${outcome}, by ${policy?.file ?? 'the policy'}`]
  const unnamed: string[] = []
  for (const leaf of shown(stream)) {
    const name = leaf.path.join('.')
    const line = named.get(name)
    if (line === undefined) unnamed.push(name)
    else lines.push(pair(name, words(leaf, clean)) + reason(line, leaf, event))
  }
  lines.push(...wrapped(`stripped, since no line of the policy names them: ${unnamed.join(', ')}`))
  return lines
}

function reason(line: BranchLeaf, leaf: RawLeaf, event: unknown): string {
  const missing = valueAt(event, leaf.path)
  return missing === null || missing === undefined ? '(the event has none)' : `(${verbInWords(line.verb)})`
}

function pair(name: string, value: string): string {
  return `${name.padEnd(20)} ${value.padEnd(WIDTH)} `
}

function words(leaf: RawLeaf, event: unknown): string {
  const value = valueAt(event, leaf.path)
  if (value === null || value === undefined) return '-'
  if (leaf.tags.includes('event-time')) return new Date(Number(value)).toISOString()
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length <= WIDTH ? text : `${text.slice(0, WIDTH - 1)}…`
}

function wrapped(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line.length + word.length > 100) {
      lines.push(line)
      line = '  '
    }
    line += line.trim() === '' ? word : ` ${word}`
  }
  return [...lines, line]
}
