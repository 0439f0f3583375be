import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const page = resolve(root, 'docs/reference/fail-closed.md')

/** Cells of the rows of all tables with this many columns, without their headings. */
function rowsOf(markdown: string, columns: number): string[][] {
  const tables = markdown.split(/\n\n+/).filter((block) => block.startsWith('|'))
  return tables.flatMap((table) => {
    const rows = table.trim().split('\n')
    const cells = rows.map((row) => row.split('|').slice(1, -1))
    return cells[0]?.length === columns ? cells.slice(2).map((row) => row.map((cell) => cell.trim())) : []
  })
}

const text = readFileSync(page, 'utf8')
const rows = rowsOf(text, 6)
const times = rowsOf(text, 3)

/** Of a row's last cell: the title of its test, and the file it stands in. */
function testOf(row: readonly string[]): { title: string; file: string } {
  const [, title = '', path = ''] = /^\[(.+)\]\((.+\.test\.ts)\)$/.exec(row.at(-1) ?? '') ?? []
  return { title, file: resolve(dirname(page), path) }
}

test('What fails stands in whole rows, each with a test of its own', () => {
  expect(rows.length).toBeGreaterThan(40)
  for (const row of rows) {
    expect(row).toHaveLength(6)
    expect(row.filter((cell) => cell === '')).toEqual([])
  }
  const named = rows.map(testOf).map(({ title, file }) => `${file} ${title}`)
  expect(named.filter((name, i) => named.indexOf(name) !== i)).toEqual([])
})

test.each(rows.map((row) => [row[0] ?? '', testOf(row)] as const))('%s: has its test', (_, { title, file }) => {
  // Without the quote before it, the title of one that does not run is not found.
  const source = readFileSync(file, 'utf8').replaceAll(/\.(?:skip|todo)\(\s*['"`]/g, '(')
  const asWritten = [`'${title}'`, `"${title}"`, `\`${title}\``]
  expect(asWritten.some((quoted) => source.includes(`${quoted}, async (`) || source.includes(`${quoted}, (`))).toBe(
    true,
  )
})

test.each(times)('%s (%s) is what the code says: %s', (time, _, where) => {
  const [, name = '', path = ''] = /^`(.+)` in `(.+)`$/.exec(where) ?? []
  // `NAME = 5_000`, `'name': 5_000`, `name ?? 5_000`.
  const set = new RegExp(`\\b${name.replaceAll('.', '\\.')}\\b'?\\s*(?:=|:|\\?\\?)\\s*([\\d_]+)`)
  const found = set.exec(readFileSync(resolve(root, path), 'utf8'))?.[1]
  expect(Number(found?.replaceAll('_', ''))).toBe(milliseconds(time))
})

test('Every time in the rows stands among the times', () => {
  const known = new Set(times.map(([time]) => time))
  // A command to Redis and what is added to it; and what was measured.
  known.add('0.6 s')
  const said = rows.flatMap(([, , , , howLong = '']) => {
    return [...howLong.replace(/about \d+ s, see \[.*?\]\(.*?\)/, '').matchAll(/\d+(?:\.\d+)? (?:ms|s|min)\b/g)].map(
      ([time]) => time,
    )
  })
  expect(said.filter((time) => !known.has(time))).toEqual([])
})

function milliseconds(time: string): number {
  const [, figure, unit] = /^(\d+) (ms|s)$/.exec(time) ?? []
  return Number(figure) * (unit === 's' ? 1_000 : 1)
}
