import { type ConsentState, decidePurpose, type PurposeRule, STRIPPED, WITHHELD } from '@weir/consent'
import { type Branch, type BranchLeaf, pathText, type Verb } from '@weir/contracts'
import { readSchema } from '@weir/service-auditor/src/avro/node.ts'
import { compileRead, Malformed } from '@weir/service-auditor/src/avro/read.ts'
import { write } from '@weir/service-auditor/src/avro/write.ts'
import { decide } from '@weir/service-auditor/src/consent/decide.ts'
import { foldAll as foldAgain } from '@weir/service-auditor/src/consent/fold.ts'
import type { Decision } from '@weir/service-auditor/src/consent/ledger.ts'
import type { Output, Branch as OwnBranch } from '@weir/service-auditor/src/contract/contract.ts'
import { readPaths } from '@weir/service-auditor/src/contract/path.ts'
import { readVerb } from '@weir/service-auditor/src/contract/verb.ts'
import { compileRewrite } from '@weir/service-auditor/src/rewriting/rewriter.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { foldAll, type LedgerEntry, ledgers } from '../../libs/consent/src/fixtures/ledger.ts'
import { randomContract } from '../../libs/transcoder/src/fixtures/random-contract.ts'
import { randomPlaceValue } from '../../libs/transcoder/src/fixtures/value.ts'
import { writeAvro } from '../../libs/transcoder/src/fixtures/write-avro.ts'
import { compileRewriter } from '../../libs/transcoder/src/reference/rewriter.ts'

/** The auditor shares no code with the decision path. Here the two are laid beside each other, over random cases. */

test('The auditor reads, rewrites and writes events as the reference transcoder does, byte for byte', () => {
  let outputs = 0
  fc.assert(
    fc.property(fc.gen(), (g) => {
      const { root, rawSchema, cleanSchema, granted, otherwise } = randomContract(g)
      const branch = otherwise !== null && g(fc.boolean) ? otherwise : granted
      const sensitiveAllowed = g(fc.boolean)
      const bytes = writeAvro(g, root, randomPlaceValue(g, { nullable: false, shape: root }))
      const reference = compileRewriter(rawSchema, cleanSchema, branch)
      const name = (place: string, value: Uint8Array) => `${place}=${Buffer.from(value).toString('hex')}`
      const expected = reference.rewrite(
        bytes,
        0,
        bytes.length,
        (path, value) => name(pathText(path), value),
        sensitiveAllowed,
      )

      const [writer, clean] = [readSchema(rawSchema), readSchema(cleanSchema)]
      if (writer.kind !== 'record' || clean.kind !== 'record') throw new Error('records')
      const rewrite = compileRewrite(writer, clean, ownBranch(branch))
      if (rewrite === 'unusable') throw new Error('usable')
      const made = rewrite(compileRead(writer)(bytes, 0), { pseudonymize: name, sensitiveAllowed })
      expect(made === null ? null : write(clean, made)).toEqual(expected)
      if (made !== null) outputs++
    }),
    { numRuns: 150, endOnFailure: true },
  )
  expect(outputs).toBeGreaterThan(50)
})

test('The auditor refuses records that are cut short or longer than they are', () => {
  fc.assert(
    fc.property(fc.gen(), (g) => {
      const { root, rawSchema } = randomContract(g)
      const bytes = writeAvro(g, root, randomPlaceValue(g, { nullable: false, shape: root }))
      const read = compileRead(readSchema(rawSchema))
      expect(() => read(bytes.subarray(0, -1), 0)).toThrow(Malformed)
      expect(() => read(Buffer.concat([bytes, Buffer.of(0)]), 0)).toThrow(Malformed)
    }),
    { numRuns: 50, endOnFailure: true },
  )
})

describe('over random ledgers', () => {
  test('the auditor folds as the projector does', () => {
    fc.assert(
      fc.property(ledgers(), (ledger) => {
        const { steps } = foldAll(ledger)
        const versions = foldAgain(ledger.map(asRead))
        for (const [i, { state }] of steps.entries()) {
          const own = versions[i]
          expect(own?.position).toBe(state.position)
          const plain = ({ sinceMs, untilMs, notice, noticeSinceMs, noticeBefore, status }: Plain) => ({
            sinceMs,
            untilMs,
            notice,
            noticeSinceMs,
            noticeBefore,
            status,
          })
          const theirs = Object.entries(state.purposes).map(([purpose, one]) => [purpose, plain(one)])
          expect(Object.fromEntries([...(own?.purposes ?? [])].map(([purpose, one]) => [purpose, plain(one)]))).toEqual(
            Object.fromEntries(theirs),
          )
          expect(own?.allTaken).toBe((state.erasedPosition ?? -1) >= 0)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('the auditor tells grants apart as salts do', () => {
    fc.assert(
      fc.property(ledgers(), (ledger) => {
        const { steps } = foldAll(ledger)
        const versions = foldAgain(ledger.map(asRead))
        const salts = new Map<string, string>()
        for (const [i, { state }] of steps.entries()) {
          for (const [purpose, { salt, status }] of Object.entries(state.purposes)) {
            if (status !== 'granted') continue
            const grant = `${purpose} ${versions[i]?.purposes.get(purpose)?.grant}`
            expect(salts.get(grant) ?? salt).toBe(salt)
            salts.set(grant, salt ?? '')
          }
        }
        expect(new Set(salts.values()).size).toBe(salts.size)
      }),
      { numRuns: 300 },
    )
  })

  test('the auditor decides as the sanitizer does, for events at, before and after what holds', () => {
    const basis = fc.constantFrom<'consent' | 'legitimate-interest'>('consent', 'legitimate-interest')
    const flags = fc.record({
      ownSignal: fc.boolean(),
      gpcDenies: fc.boolean(),
      needs: fc.boolean(),
      strips: fc.boolean(),
    })
    // Most without a device: nearly every ledger refuses something in the end.
    const devices = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, ledgers())
    let granted = 0
    let refused = 0
    const decideTwice = (entries: readonly LedgerEntry[], device: readonly LedgerEntry[], given: Given) => {
      const { rule, output } = rulesOf(given)
      const { eventTimeMs, tickTimeMs, ownSignal } = given
      const [state, other]: (ConsentState | null)[] = [foldAll(entries).state, foldAll(device).state]
      const theirs = decidePurpose(rule, state ?? null, other ?? null, eventTimeMs, ownSignal, tickTimeMs)
      const [subject = null, own = null] = [foldAgain(entries.map(asRead)).at(-1), foldAgain(device.map(asRead)).at(-1)]
      const decided = decide(output, { subject, device: own, eventTimeMs, tickTimeMs, ownSignal })
      const ours = decided.kind === 'granted' ? decided.policy : decided.kind === 'stripped' ? STRIPPED : WITHHELD
      expect(ours).toBe(theirs)
      if (ours >= 0) granted++
      else refused++
    }
    fc.assert(
      fc.property(ledgers(), devices, basis, flags, fc.nat(), fc.nat(), (ledger, device, of, flag, a, b) => {
        const { state } = foldAll(ledger)
        for (const purpose of ['ads', '10', 'constructor']) {
          const holds = state?.purposes[purpose]
          const edges = [holds?.sinceMs ?? 1_000, holds?.noticeSinceMs ?? 1_000, holds?.untilMs ?? 1_100]
          const times = [0, ...edges.flatMap((edge) => [edge - 1, edge, edge + 1])]
          const at = (n: number) => times[n % times.length] ?? 0
          decideTwice(ledger, device, { ...flag, basis: of, purpose, eventTimeMs: at(a), tickTimeMs: at(b) })
        }
      }),
      { numRuns: 2_000 },
    )
    expect(granted).toBeGreaterThan(100)
    expect(refused).toBeGreaterThan(100)
  })
})

interface Given {
  readonly purpose: string
  readonly basis: 'consent' | 'legitimate-interest'
  readonly ownSignal: boolean
  readonly gpcDenies: boolean
  readonly needs: boolean
  readonly strips: boolean
  readonly eventTimeMs: number
  readonly tickTimeMs: number
}

/** One purpose for both sides. */
function rulesOf({ purpose, basis, gpcDenies, needs, strips }: Given): { rule: PurposeRule; output: Output } {
  const own = { purpose, basis, gpcDenies }
  const needed = needs ? [{ purpose: 'news', basis: 'legitimate-interest' as const, gpcDenies: true }] : []
  const notices = [1, 3]
  const empty: OwnBranch = { lines: [], only: [], events: [], sensitive: null }
  return {
    rule: { ...own, notices: Int32Array.from(notices), hasOtherwise: strips, needs: needed, sensitiveNeeds: null },
    output: {
      ...own,
      to: '',
      policies: notices.map((notice) => ({ notice, granted: empty })),
      otherwise: strips ? empty : null,
      needs: needed,
      sensitiveNeeds: null,
    },
  }
}

interface Plain {
  readonly sinceMs: number
  readonly untilMs: number | null
  readonly notice: number
  readonly noticeSinceMs: number
  readonly noticeBefore: number
  readonly status: string
}

/** A decision as the auditor reads it out of the ledger. */
function asRead({ decision, at }: LedgerEntry): Decision {
  const { purposes, notices, untilMs, linkedTo, decisionId, ...rest } = decision
  return {
    ...rest,
    ...at,
    decisionId: decisionId.replaceAll('-', ''),
    linkedTo: linkedTo ?? null,
    choices: purposes.map((purpose, i) => ({ purpose, notice: notices[i] ?? 0, untilMs: untilMs[i] ?? null })),
  }
}

function ownBranch({ leaves, only, events, sensitive }: Branch): OwnBranch {
  const conditions = (list: Branch['events']) => list.map(({ path, constants }) => ({ path, constants }))
  return {
    lines: leaves.flatMap(ownLines),
    only: only.map((one) => ({ when: conditions(one.when), lines: one.leaves.flatMap(ownLines) })),
    events: conditions(events),
    sensitive: sensitive === null ? null : { by: sensitive.by, values: sensitive.values },
  }
}

function ownLines({ path, verb }: BranchLeaf) {
  return readPaths(pathText(path)).map((one) => ({ path: one, verb: readVerb(verbText(verb), () => listOf(verb)) }))
}

function listOf(verb: Verb): ReadonlySet<string> {
  return verb.kind === 'in' ? verb.values : new Set()
}

function verbText(verb: Verb): string {
  switch (verb.kind) {
    case 'prefix':
      return `prefix(${verb.v4}, ${verb.v6})`
    case 'decimals':
      return `decimals(${verb.digits})`
    case 'first':
      return `first(${verb.characters})`
    case 'bucket':
      return `bucket(${verb.bounds.join(', ')})`
    case 'routes':
      return `routes(${verb.patterns.join(', ')})`
    case 'in':
      return 'in(list)'
    case 'set':
      return `set(${verb.constant})`
    default:
      return verb.kind
  }
}
