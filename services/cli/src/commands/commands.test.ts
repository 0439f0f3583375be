import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { loadContracts } from '@weir/contracts'
import { afterEach, describe, expect, test } from 'vitest'
import { cinema, cinemaWith, Folder } from '../../fixtures/contract.ts'

const MAIN = resolve(import.meta.dirname, '../main.ts')

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** stdout as NDJSON. */
  readonly records: Record<string, unknown>[]
}

/** Runs `weir …` as a process, with nothing of this one's settings. */
function weir(args: readonly string[], input = '', env: Record<string, string> = {}): Promise<Ran> {
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH, HOME, ...env } })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  child.stdin.end(input)
  return new Promise((done) => {
    child.on('close', (code) => {
      const records = args.includes('--json')
        ? out
            .split('\n')
            .filter(Boolean)
            .map((line) => JSON.parse(line))
        : []
      done({ code, out, err, records })
    })
  })
}

const folders: Folder[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove()
})

function folder(files = cinema()): Folder {
  const made = new Folder(files)
  folders.push(made)
  return made
}

function git(path: string, ...args: string[]): void {
  execFileSync('git', ['-C', path, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { stdio: 'ignore' })
}

function committed(files = cinema()): Folder {
  const made = folder(files)
  git(made.path, 'init', '--quiet')
  git(made.path, 'add', '.')
  git(made.path, 'commit', '--quiet', '-m', 'contract')
  return made
}

const FINER = cinemaWith('cinema/tips.2.yaml', 'at: hour', 'at: keep')

describe('weir', () => {
  test('tells its commands, and how it ends', async () => {
    const { code, out } = await weir(['--help'])
    expect(code).toBe(0)
    expect(out).toContain('20 difference or violation found')
  })

  test('tells its version', async () => {
    expect(await weir(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })

  test('ends with 2 for a command that it does not know', async () => {
    const { code, out, err } = await weir(['policy', 'lnit'])
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toContain('lint')
  })

  test('ends with 3 for a contract that does not load', async () => {
    const { code, err } = await weir([
      'contract',
      'show',
      '-c',
      folder(cinemaWith('cinema/tips.1.yaml', 'at: day', 'att: day')).path,
    ])
    expect(code).toBe(3)
    expect(err).toContain('cinema/tips.1.yaml:9:3')
  })
})

describe('weir policy lint', () => {
  test('compares with what was committed last', async () => {
    const { path, write } = bound(committed())
    expect(await weir(['policy', 'lint', '-c', path])).toMatchObject({ code: 0 })
    write('cinema/tips.2.yaml', FINER.get('cinema/tips.2.yaml') ?? '')
    const { code, out, err } = await weir(['policy', 'lint', '-c', path, '--no-notes'])
    expect(code).toBe(20)
    expect(out).toMatch(/^cinema\/tips\.2\.yaml:9:3: error: .*\[WEIR_LINT_WIDENING\]\n$/)
    expect(err).toContain('1 error')
  })

  test('says that it has nothing to compare with outside a repository', async () => {
    const { code, err } = await weir(['policy', 'lint', '-c', folder().path])
    expect(code).toBe(0)
    expect(err).toContain('Not compared with an earlier version')
  })

  test('gives findings and a sum as NDJSON, and ends with 3 when the contract does not load', async () => {
    const broken = folder(cinemaWith('cinema/tips.1.yaml', 'at: day', 'att: day'))
    const { code, records } = await weir(['policy', 'lint', '-c', broken.path, '--json'])
    expect(code).toBe(3)
    expect(records).toMatchObject([
      {
        kind: 'finding',
        rule: 'WEIR_CONTRACT_UNKNOWN_FIELD',
        severity: 'error',
        file: 'cinema/tips.1.yaml',
        line: 9,
        column: 3,
      },
      { kind: 'summary', errors: 1, warnings: 0 },
    ])
  })

  test('gives a folder that is not there as a finding too', async () => {
    const { code, records } = await weir(['policy', 'lint', '-c', `${folder().path}/nowhere`, '--json'])
    expect(code).toBe(3)
    expect(records).toMatchObject([
      { kind: 'finding', rule: 'WEIR_CONTRACT_MISSING_FILE', severity: 'error' },
      { kind: 'summary', errors: 1, warnings: 0, notes: 0 },
    ])
  })

  test('counts warnings with --strict', async () => {
    const files = cinemaWith('cinema/event.avsc', 'What you paid.', 'Price')
    const { path } = folder(files)
    expect((await weir(['policy', 'lint', '-c', path])).code).toBe(0)
    expect((await weir(['policy', 'lint', '-c', path, '--strict'])).code).toBe(20)
  })

  test('compares with all versions that a registry has', async () => {
    const [stream] = loadContracts(cinema()).streams
    const tips = stream?.outputs.find((one) => one.topic === 'cinema.tips')?.cleanSchema
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const answers: Record<string, unknown> = {
        '/subjects/t.cinema.tips-value/versions': [4],
        '/subjects/t.cinema.tips-value/versions/4': { schema: JSON.stringify(tips) },
      }
      const answer = answers[request.url ?? '']
      response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? {}))
    }).listen(0)
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    // Minutes in ranges become a number of another type.
    const files = cinemaWith('cinema/event.avsc', '"minutes", "type": "int"', '"minutes", "type": "double"')
    const { code, out } = await weir(
      ['policy', 'lint', '-c', folder(files).path, '--registry', url, '--no-notes'],
      '',
      { WEIR_NAMESPACE: 't.' },
    )
    server.close()
    expect(asked).toContain('/subjects/t.cinema.raw-value/versions')
    expect(code).toBe(20)
    expect(out).toMatch(/cinema\/tips\.2\.yaml:.*version 4 of t\.cinema\.tips-value.*\[WEIR_LINT_INCOMPATIBLE\]/)
  })

  test('ends with 4 when the registry is away', async () => {
    const { code, err } = await weir(['policy', 'lint', '-c', folder().path, '--registry', 'http://127.0.0.1:9'])
    expect(code).toBe(4)
    expect(err).toContain("can't be reached")
  })
})

test('weir policy lint ends with 2 for a registry that is no web address', async () => {
  for (const registry of ['registry', 'registry:8081']) {
    const { code, err } = await weir(['policy', 'lint', '-c', folder().path, '--registry', registry])
    expect(code).toBe(2)
    expect(err).toContain('--registry is no web address')
  }
})

describe('weir policy test', () => {
  test('passes the cases that are true', async () => {
    const { code, out, err } = await weir(['policy', 'test', '-c', folder().path])
    expect(code).toBe(0)
    expect(out).toContain('ok      cinema: an old grant sees what it was told of\n')
    expect(err).toBe('4 passed, 0 failed\n')
  })

  test('shows what differs, and ends with 1', async () => {
    const { path } = folder(FINER)
    const { code, out } = await weir(['policy', 'test', '-c', path])
    expect(code).toBe(1)
    expect(out).toContain(`FAILED  cinema: a search that nobody lists is not shown
        cinema/cases.yaml:1
        tips (granted by cinema/tips.2.yaml)
          at
            expected "2026-02-03T04:00:00.000Z"
            got      "2026-02-03T04:05:06.000Z"
`)
    const { records } = await weir(['policy', 'test', 'cinema', '-c', path, '--json'])
    expect(records.at(-1)).toEqual({ kind: 'summary', cases: 4, passed: 3, failed: 1 })
    expect(records[0]).toMatchObject({ kind: 'case', passed: false, mismatches: [{ purpose: 'tips' }] })
  })

  test('ends with 3 for a file of cases that is wrong, and with 1 when there are none', async () => {
    const wrong = cinemaWith('cinema/cases.yaml', 'expect: quarantined', 'expect: gone')
    expect((await weir(['policy', 'test', '-c', folder(wrong).path])).code).toBe(3)
    const without = cinema()
    without.delete('cinema/cases.yaml')
    expect((await weir(['policy', 'test', '-c', folder(without).path])).code).toBe(1)
  })
})

describe('weir policy try', () => {
  test('shows an event from stdin before and after', async () => {
    const { code, out } = await weir(
      ['policy', 'try', 'cinema', '-', '-c', folder().path, '-p', 'tips'],
      '{"query": "Kim", "kind": "buy"}',
    )
    expect(code).toBe(0)
    expect(out).toMatch(/^cinema for tips, with a grant under notice 2: granted by cinema\/tips\.2\.yaml$/m)
    expect(out).toMatch(/^cinema for tips, with an old grant, under notice 1: granted by cinema\/tips\.1\.yaml$/m)
    expect(out).toMatch(/^cinema for tips, without a grant: stripped by cinema\/tips\.2\.yaml$/m)
    expect(out).toMatch(/^ {2}query +"Kim" +→ +null +in\(lists\/words\.txt\): it does not fit, so null$/m)
  })

  test('makes a sample when no event is given', async () => {
    const { code, records } = await weir(['policy', 'try', 'cinema', '-c', folder().path, '--json'])
    expect(code).toBe(0)
    expect(records).toContainEqual(
      expect.objectContaining({
        kind: 'leaf',
        purpose: 'tips',
        notice: 2,
        path: 'films[0].id',
        after: 'sample id',
        passes: true,
      }),
    )
  })

  test('refuses an event that does not fit the schema, with the place', async () => {
    const file = folder(new Map()).write('event.yaml', 'kind: buy\npriec: 9\n')
    const { code, err } = await weir(['policy', 'try', 'cinema', file, '-c', folder().path])
    expect(code).toBe(2)
    expect(err).toContain('event.yaml:2:1: priec: there is no field "priec"')
  })
})

describe('weir policy diff', () => {
  test('has nothing to say of two equal contracts', async () => {
    const [a, b] = [folder(), folder()]
    expect(await weir(['policy', 'diff', a.path, b.path])).toMatchObject({ code: 0, out: '' })
  })

  test('says in plain words what a change shows more, to whom, for how long, and that it needs a notice', async () => {
    const { code, out } = await weir(['policy', 'diff', folder().path, folder(FINER).path])
    expect(code).toBe(20)
    expect(out).toBe(`tips, from cinema
  read by recommender, kept for 90d
  for those who agreed to notice 2:
    + shows more of at: hour → keep: "When you did it."
  NEEDS A NEW NOTICE, 3, and has none

`)
  })

  test('takes git revisions', async () => {
    const { path, write } = bound(committed())
    write('cinema/tips.2.yaml', FINER.get('cinema/tips.2.yaml') ?? '')
    const { code, records } = await weir(['policy', 'diff', 'HEAD', '-c', path, '--json'])
    expect(code).toBe(20)
    expect(records[0]).toMatchObject({ kind: 'change', purpose: 'tips', about: 'leaf', order: 'more', path: 'at' })
    for (const record of records) expect(Object.keys(record)[0]).toBe('kind')
    expect(records.at(-1)).toMatchObject({ kind: 'summary', before: 'HEAD', outputs: 1, noticeMissing: true })
  })

  test('ends with 2 for what is neither a folder nor a revision', async () => {
    expect((await weir(['policy', 'diff', 'nowhere', '-c', folder().path])).code).toBe(2)
  })
})

const GAME = JSON.stringify({
  type: 'record',
  name: 'Play',
  fields: [
    { name: 'playerId', type: 'string' },
    { name: 'time', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'won', type: 'boolean' },
    { name: 'chat', type: 'string' },
  ],
})

describe('weir contract new', () => {
  test('shows its plan, and writes only with --execute a stream that loads and whose cases pass', async () => {
    const { path, write } = bound(folder())
    const args = ['contract', 'new', 'game', '--schema', write('play.avsc.txt', GAME), '-c', path]
    const plan = await weir(args)
    expect(plan).toMatchObject({ code: 0 })
    expect(plan.out).toContain('create game/tips.3.yaml')
    expect(plan.out).toContain('raise notice of tips from 2 to 3 in purposes.yaml')
    expect(readdirSync(path)).not.toContain('game')

    expect(await weir([...args, '--execute'])).toMatchObject({ code: 0 })
    expect(readdirSync(`${path}/game`).toSorted()).toEqual(['cases.yaml', 'event.avsc', 'tips.3.yaml'])
    expect(await weir(['policy', 'test', 'game', '-c', path])).toMatchObject({ code: 0, err: '2 passed, 0 failed\n' })
    const lint = await weir(['policy', 'lint', '-c', path, '--no-notes'])
    expect(lint.code).toBe(0)
    expect(lint.out).toContain('the tags of playerId are a draft')
  })

  test('overwrites nothing', async () => {
    const { path, write } = bound(folder())
    const before = readFileSync(`${path}/cinema/event.avsc`, 'utf8')
    const run = await weir(['contract', 'new', 'cinema', '--schema', write('play.txt', GAME), '-c', path, '--execute'])
    expect(run).toMatchObject({ code: 5 })
    expect(readFileSync(`${path}/cinema/event.avsc`, 'utf8')).toBe(before)
  })

  test('ends with 3 for a schema that is no record, and with 2 for a stream that is a path', async () => {
    const { path, write } = bound(folder())
    const noRecord = await weir(['contract', 'new', 'game', '--schema', write('play.txt', '"string"'), '-c', path])
    expect(noRecord.code).toBe(3)
    expect(noRecord.err).toContain('is no Avro record')
    const isPath = await weir(['contract', 'new', '../game', '--schema', write('play.txt', GAME), '-c', path])
    expect(isPath.code).toBe(2)
    expect(isPath.err).toContain('"../game" is a path')
  })

  test('asks for the person where no field looks like one', async () => {
    const { path, write } = bound(folder())
    const schema = write('play.txt', GAME.replace('playerId', 'who'))
    const args = ['contract', 'new', 'game', '--schema', schema, '-c', path]
    const refused = await weir(args)
    expect(refused.code).toBe(2)
    expect(refused.err).toContain('--subject')
    expect((await weir([...args, '--subject', 'who'])).code).toBe(0)
  })
})

test('weir contract show gives what each purpose gets as a table, and what nobody sees', async () => {
  const { code, out } = await weir(['contract', 'show', 'cinema', '-c', folder().path])
  expect(code).toBe(0)
  expect(out).toMatch(/^ {2}at +day +hour +–$/m)
  expect(out).toMatch(/^ {2}price +– +decimals\(0\) where kind is buy +–$/m)
  expect(out).toContain('cinema, seen by no purpose: phone, gpc, action<Pay>.card')
})

test('weir contract apply passes on the exit code of what it starts', async () => {
  const { code, err } = await weir(['contract', 'apply', '-c', folder().path])
  expect(code).toBe(2)
  expect(err).toContain('KAFKA_BROKERS')
})

/** The two that tests use, so that they read well. */
function bound(made: Folder): { path: string; write: (file: string, text: string) => string } {
  return { path: made.path, write: (file, text) => made.write(file, text) }
}
