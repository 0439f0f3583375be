import { noticeAt, policyFor, refusal } from './consent/decide.ts'
import type { Holding } from './consent/fold.ts'
import type { Form } from './expected.ts'
import type { Finding } from './findings.ts'
import type { CleanReader, Found, Leaves, Span } from './found.ts'
import { hasTime, isPseudonym, leafNames, nameOf } from './found.ts'
import type { Destiny, JudgedOutput } from './judge-output.ts'
import { partitionOf } from './partition.ts'
import type { Row } from './rows.ts'
import type { Audited, Workshop } from './workshop.ts'

/** So many missing rows are laid beside a record that should not be there; a run with more is wrong anyway. */
const MOST_COMPARED = 2_000

type Said = Pick<Finding, 'promise' | 'what' | 'leaves' | 'expected' | 'found'>

/** A form that a row would have under consent that did not hold. */
interface Wrong {
  readonly destiny: Destiny
  readonly form: Form
  readonly said: Said
}

/** Says of records that should not be there what they are. */
export class Explanations {
  readonly #shop: Workshop
  readonly #audited: Audited
  readonly #judged: JudgedOutput
  readonly #destinies: readonly Destiny[]
  readonly #clean: CleanReader
  readonly #span: Span
  #wrong: Map<string, Wrong[]> | null = null

  constructor(
    shop: Workshop,
    audited: Audited,
    judged: JudgedOutput,
    destinies: readonly Destiny[],
    clean: CleanReader,
    span: Span,
  ) {
    this.#shop = shop
    this.#audited = audited
    this.#judged = judged
    this.#destinies = destinies
    this.#clean = clean
    this.#span = span
  }

  /** Findings, the rows that they are about, and what is missing without anything in its place. */
  explain(left: readonly Found[], missing: readonly Destiny[], withheld: readonly Destiny[]) {
    const findings: Finding[] = []
    const rows = new Set<Row>()
    const open = new Set(missing)
    const unread = new Set(withheld)
    const say = (found: Found, row: Row | null, said: Said) => {
      if (row !== null) rows.add(row)
      findings.push(this.#finding(found, row, said))
    }
    const strange = left.filter((found) => {
      const same = this.#equalTo(found)
      if (same === null) return true
      const wrongPlace = !this.#isInPlace(found)
      open.delete(same)
      say(found, same.row, wrongPlace ? WRONG_PLACE : found.record.headers > 0 ? HEADERS : REPEATED)
      return false
    })
    for (const found of strange) {
      const wrong = this.#wrongOf(found).find(
        ({ destiny }) => unread.has(destiny) || this.#standIn(destiny, open) !== null,
      )
      if (wrong !== undefined) {
        const { destiny } = wrong
        if (!unread.delete(destiny)) open.delete(this.#standIn(destiny, open) ?? destiny)
        say(found, destiny.row, wrong.said)
        continue
      }
      const like = this.#mostLike(found, open)
      if (like === null) say(found, null, { ...UNEXPLAINED, leaves: this.#names(found) })
      else {
        open.delete(like)
        say(found, like.row, this.#difference(found, like))
      }
    }
    return { findings, rows, lost: [...open] }
  }

  /** The row that has this record already, or would, stood it elsewhere. */
  #equalTo({ record }: Found): Destiny | null {
    const name = nameOf(record.key, record.value)
    const same = this.#destinies.filter(({ form }) => form !== null && nameOf(form.key, form.value) === name)
    return same.find(({ form }) => form !== null && hasTime(record.timestampMs, form, this.#span)) ?? null
  }

  /** Which of the missing has its place: records of equal bytes are anybody's, so another row may have taken its own. */
  #standIn(destiny: Destiny, open: ReadonlySet<Destiny>): Destiny | null {
    if (open.has(destiny)) return destiny
    const { form } = destiny
    if (form === null) return null
    const name = nameOf(form.key, form.value)
    return [...open].find((one) => one.form !== null && nameOf(one.form.key, one.form.value) === name) ?? null
  }

  #isInPlace({ partition, record: { key } }: Found): boolean {
    const partitions = this.#shop.evidence.topics.get(this.#judged.topic)?.partitions.length ?? 1
    return key === null || partition === partitionOf(key, partitions)
  }

  #wrongOf({ record }: Found): readonly Wrong[] {
    this.#wrong ??= this.#allWrong()
    return this.#wrong.get(nameOf(record.key, record.value)) ?? []
  }

  /** Every form that any row has under any grant that its person ever gave, and any policy. */
  #allWrong(): Map<string, Wrong[]> {
    const forms = new Map<string, Wrong[]>()
    for (const destiny of this.#destinies) {
      for (const wrong of this.#wrongForms(destiny)) {
        const name = nameOf(wrong.form.key, wrong.form.value)
        forms.set(name, [...(forms.get(name) ?? []), wrong])
      }
    }
    return forms
  }

  #wrongForms(destiny: Destiny): Wrong[] {
    const { output, cleanId, rewriter } = this.#judged
    const { row } = destiny
    if (cleanId === null) return []
    const wrong: Wrong[] = []
    for (const holding of this.#grantsOf(row)) {
      const salt = this.#shop.consent.saltOf(row.subject, output.purpose, holding)
      if (salt === null || !this.#shop.keys.hasEpoch(salt.epoch)) continue
      for (const [policy, { granted }] of output.policies.entries()) {
        for (const sensitiveAllowed of [false, true]) {
          const form = rewriter.form(row, granted, cleanId, { purpose: output.purpose, ...salt }, sensitiveAllowed)
          if (form !== null) wrong.push({ destiny, form, said: this.#whyWrong(destiny, holding, policy) })
        }
      }
    }
    if (output.otherwise !== null) {
      const form = rewriter.form(row, output.otherwise, cleanId, null, true)
      if (form !== null) wrong.push({ destiny, form, said: SENSITIVE })
    }
    return wrong
  }

  #grantsOf(row: Row): Holding[] {
    const byGrant = new Map<number, Holding>()
    for (const { purposes } of this.#shop.consent.history(row.subject)) {
      const holding = purposes.get(this.#judged.output.purpose)
      if (holding?.status === 'granted' && !byGrant.has(holding.grant)) byGrant.set(holding.grant, holding)
    }
    return [...byGrant.values()]
  }

  #whyWrong({ row, asked, decided, form }: Destiny, used: Holding, policy: number): Said {
    const { output } = this.#judged
    const expected = decided?.kind === 'granted' ? 'a record of its grant' : form === null ? 'withheld' : 'stripped'
    const said = (what: Finding['what'], found: string): Said => ({ promise: 3, what, leaves: [], expected, found })
    const now = asked?.subject?.purposes.get(output.purpose)
    if (used.sinceMs > row.eventTimeMs)
      return said('retroactive-grant', 'granted, by a grant that began after the event')
    if (now?.status !== 'granted' || now.grant !== used.grant)
      return said('after-withdrawal', 'granted, by a grant that did not hold any more')
    if (policy > policyFor(output, noticeAt(now, row.eventTimeMs)))
      return said('wider-than-notice', 'granted, by a policy that its notice does not cover')
    const reason =
      asked === null ? null : [output, ...output.needs].map((need) => refusal(need, asked)).find((one) => one !== null)
    if (reason !== null && reason !== undefined) return said('without-consent', `granted, though: ${reason}`)
    if (policy < policyFor(output, noticeAt(now, row.eventTimeMs)))
      return said('altered-record', 'granted, by an older policy')
    return SENSITIVE
  }

  /** The missing row whose record shares most with it; null when none shares its time or a leaf that tells. */
  #mostLike({ record }: Found, open: ReadonlySet<Destiny>): Destiny | null {
    const leaves = this.#clean.leaves(record.value)
    let best: Destiny | null = null
    let most = 0
    for (const destiny of [...open].slice(0, MOST_COMPARED)) {
      const { form } = destiny
      if (form === null) continue
      const expected = this.#clean.leaves(form.value) ?? new Map<string, string>()
      let shared = record.key !== null && form.key?.equals(record.key) === true ? 4 : 0
      if (hasTime(record.timestampMs, form, this.#span)) shared += 2
      for (const [path, text] of expected) if (leaves?.get(path) === text) shared++
      if (shared > most) {
        most = shared
        best = destiny
      }
    }
    return best
  }

  #difference({ record }: Found, { form }: Destiny): Said {
    const found = this.#clean.leaves(record.value)
    const expected = this.#clean.leaves(form?.value ?? null) ?? new Map<string, string>()
    if (found === null) return { ...ALTERED, found: 'no value of its schema' }
    const differing = [...found].filter(([path, text]) => expected.get(path) !== text)
    const strangers = differing.filter(([path, text]) => isPseudonym(text) && isPlainPseudonym(expected, path))
    const leaked = differing.filter((one) => !strangers.includes(one))
    const isStrangersKey = !sameKey(record.key, form?.key ?? null)
    if (leaked.length > 0) {
      return {
        promise: 1,
        what: 'leaked-leaf',
        leaves: leafNames(leaked.map(([path]) => path)),
        expected: 'null, or another value',
        found: 'a value that its policy does not give',
      }
    }
    if (strangers.length > 0 || isStrangersKey) {
      return {
        promise: 7,
        what: 'foreign-pseudonym',
        leaves: [...(isStrangersKey ? ['(key)'] : []), ...leafNames(strangers.map(([path]) => path))],
        expected: 'the pseudonym of this person, purpose and grant',
        found: record.key !== null && !isPseudonym(record.key.toString('latin1')) ? 'no pseudonym' : 'another one',
      }
    }
    const gone = [...expected.keys()].filter((path) => !found.has(path))
    return {
      ...ALTERED,
      leaves: leafNames(gone),
      found: gone.length > 0 ? 'leaves are missing' : 'other bytes or time',
    }
  }

  #names({ record }: Found): string[] {
    return leafNames(this.#clean.leaves(record.value)?.keys() ?? [])
  }

  #finding({ partition, record }: Found, row: Row | null, said: Said): Finding {
    const { topic, output } = this.#judged
    const raw =
      row === null ? null : { topic: this.#audited.chunk.source, partition: row.raw.partition, offset: row.raw.offset }
    return { purpose: output.purpose, topic, partition, offset: record.offset, raw, ...said }
  }
}

const REPEATED: Said = {
  promise: 5,
  what: 'repeated-record',
  leaves: [],
  expected: 'one record of its event',
  found: 'one more',
}

const WRONG_PLACE: Said = {
  promise: 5,
  what: 'wrong-partition',
  leaves: [],
  expected: 'the partition of its key',
  found: 'another partition',
}

const HEADERS: Said = {
  promise: 7,
  what: 'altered-record',
  leaves: [],
  expected: 'no headers',
  found: 'headers',
}

const UNEXPLAINED: Said = {
  promise: 1,
  what: 'unexplained-record',
  leaves: [],
  expected: 'no record',
  found: 'a record that no row of its chunk gives',
}

const SENSITIVE: Said = {
  promise: 3,
  what: 'sensitive-value',
  leaves: [],
  expected: 'without what is sensitive',
  found: 'with it, though what it needs is not granted',
}

const ALTERED: Said = {
  promise: 5,
  what: 'altered-record',
  leaves: [],
  expected: 'its record, byte for byte',
  found: 'another one',
}

function isPlainPseudonym(expected: Leaves, path: string): boolean {
  const text = expected.get(path)
  return text !== undefined && (isPseudonym(text) || text === '?')
}

function sameKey(a: Buffer | null, b: Buffer | null): boolean {
  if (b?.toString() === '?') return a !== null && isPseudonym(a.toString('latin1'))
  return a === null || b === null ? a === b : a.equals(b)
}
