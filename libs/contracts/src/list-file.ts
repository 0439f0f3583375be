import type { FileFaults } from './faults.ts'

/**
 * Values of an `in` list: one a line, compared exactly. Empty lines and lines that begin with `# ` are skipped. Blanks
 * at the ends of a value are refused, since nobody sees them. Null after adding faults.
 */
export function readListFile(text: string, faults: FileFaults): ReadonlySet<string> | null {
  const values = new Set<string>()
  let good = true
  const bad = (line: number, what: string, mend: string) => {
    good = false
    faults.add({ line, column: 1 }, 'WEIR_CONTRACT_LIST', what, mend)
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  for (const [i, value] of lines.entries()) {
    if (value.trim() === '' || value === '#' || value.startsWith('# ')) continue
    if (value !== value.trim()) bad(i + 1, 'a value begins or ends with a blank', 'Take the blank out')
    else if (values.has(value)) bad(i + 1, `"${value}" stands in the list twice`, 'Take one out')
    values.add(value)
  }
  if (values.size === 0) bad(1, 'the list is empty', 'Add values, one a line, or leave the leaf out of the policy')
  return good ? values : null
}
