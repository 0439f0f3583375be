import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const ELSEWHERE = /^([a-z][a-z0-9+.-]*:|\/\/)/i
const FENCED = /^( *)(`{3,}|~{3,})[\s\S]*?^ *\2.*$/gm

/** Markdown without what is shown as it stands: there a bracket is no link. */
function prose(markdown: string): string {
  return markdown.replace(FENCED, '').replace(/(`+)[^`][\s\S]*?\1/g, '')
}

/** Targets of links and images, inline and by reference, that lead to no other place than this repository. */
function relativeTargets(markdown: string): string[] {
  const text = prose(markdown)
  const inline = [...text.matchAll(/\]\(\s*(?:<([^>]*)>|([^)\s]+))[^)]*\)/g)].map(([, a, b]) => a ?? b ?? '')
  const byReference = [...text.matchAll(/^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)/gm)].map(([, target]) => target ?? '')
  return [...inline, ...byReference].filter((target) => !ELSEWHERE.test(target))
}

/** Anchors that a forge makes of a file's headings. */
function anchors(markdown: string): Set<string> {
  const seen = new Map<string, number>()
  const headings = [...markdown.replace(FENCED, '').matchAll(/^#{1,6} +(.*?) *#*$/gm)]
  return new Set(
    headings.map(([, heading = '']) => {
      const slug = heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
        .replaceAll(' ', '-')
      const count = seen.get(slug) ?? 0
      seen.set(slug, count + 1)
      return count === 0 ? slug : `${slug}-${count}`
    }),
  )
}

/** Links of one file that lead nowhere. */
function brokenLinks(file: string): string[] {
  const own = readFileSync(file, 'utf8')
  return relativeTargets(own).filter((target) => {
    const [path = '', anchor] = decodeURIComponent(target).split('#')
    const found = path === '' ? file : resolve(dirname(file), path)
    if (!existsSync(found)) return true
    if (anchor === undefined || !found.endsWith('.md') || statSync(found).isDirectory()) return false
    return !anchors(readFileSync(found, 'utf8')).has(anchor)
  })
}

const files = globSync('**/*.md', {
  cwd: root,
  exclude: (path) => ['node_modules', '.git', '.weir', 'coverage'].includes(basename(path)),
}).map((path) => join(root, path))

test('every relative link in a Markdown file leads somewhere', () => {
  const broken = files.flatMap((file) => brokenLinks(file).map((target) => `${relative(root, file)}: ${target}`))
  expect(broken).toEqual([])
  // The search itself has found what it should.
  expect(files.map((file) => relative(root, file))).toEqual(
    expect.arrayContaining(['README.md', join('docs', 'ARCHITECTURE.md'), join('test', 'check', 'README.md')]),
  )
  expect(files.flatMap((file) => relativeTargets(readFileSync(file, 'utf8'))).length).toBeGreaterThan(20)
})

test('a link to a missing file or heading is noticed; code and other places are no relative links', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-links-'))
  try {
    writeFileSync(join(folder, 'other.md'), '# Files, in order\n\n## Twice\n\n## Twice\n')
    const page = join(folder, 'page.md')
    const good = [
      'other.md',
      'other.md#files-in-order',
      'other.md#twice-1',
      '#own',
      '.',
      'https://example.org/x',
      '<./other.md>',
    ]
    const bad = ['gone.md', 'other.md#gone', '#gone', './gone/']
    writeFileSync(
      page,
      [
        '# Own',
        ...[...good, ...bad].map((target) => `A [link](${target}) and text.`),
        '[ref]: gone-too.md',
        '`[code](gone-3.md)`',
        '```\n[code](gone-4.md)\n```',
      ].join('\n\n'),
    )
    expect(brokenLinks(page)).toEqual([...bad, 'gone-too.md'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
