import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeForget, type SubjectRef } from '@weir/consent'
import avro from 'avsc'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinAttack, joinReportText } from '../attack/join-attack.ts'
import { whatIsLeft } from '../attack/left.ts'
import { inPartitions, inTransactions, laidInOrder, withTimes } from '../attack/planted.ts'
import { type KnownPerson, recomputable } from '../attack/recompute.ts'
import type { SeenRecord } from '../attack/seen.ts'
import { type CleanTopic, seenForgotten, seenInBoth, seenStripped } from '../attack/seen-topics.ts'
import { readTransactions } from '../attack/transactions.ts'
import { Pseudonyms, refOf } from '../check/pseudonyms.ts'
import { type ConsentStates, followStates } from '../support/consent-states.ts'
import { FileSearch } from '../support/file-search.ts'
import type { ForeignRecord } from '../support/foreign/foreign.ts'
import { LedgerWriter } from '../support/ledger.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'
import type { CleanRecord } from '../support/weir.ts'

const STREAM = 'clickstream'
const PURPOSES = ['personalization', 'analytics', 'marketing'] as const
type Purpose = (typeof PURPOSES)[number]
const PAIRS = [
  ['personalization', 'marketing'],
  ['personalization', 'analytics'],
  ['analytics', 'marketing'],
] as const
/** How fine each may see times, in milliseconds. */
const TIMES: Readonly<Record<Purpose, number>> = { personalization: 1, marketing: 3_600_000, analytics: 86_400_000 }
const SPREAD_MS = 5_000

const PEOPLE = Array.from({ length: 150 }, (_, at) => `person-${at}`)
const WITHDRAWN = PEOPLE.slice(0, 40)
const REGRANTED = PEOPLE.slice(40, 60)
const ERASED = PEOPLE.slice(60, 80)
/** Granted analytics alone, so that personalization has a record of theirs without a key. */
const HALFWAY = Array.from({ length: 100 }, (_, at) => `halfway-${100 + at}`)
/** Some of each kind, and of those who stay: trying all salts for all people would take minutes. */
const TRIED = [0, 1, 40, 41, 60, 61, 100, 101].map((at) => PEOPLE[at] as string)

interface Event {
  readonly subject: string
  readonly eventId: string
  readonly sessionId: string
}

/** Promise 7: what still joins is arrival time and shown values, and nothing else. docs/reference/unlinkability.md */
describe('promise 7: who has all topics, Redis and all keys', () => {
  const weir = sharedWeir({}, ['projector'])
  const key = (name: string) => readFileSync(join(weir().folder, `${name}.key`))
  const ref = (subject: string) => refOf(key('reference'), 'user', subject) as SubjectRef
  const events: Event[] = []
  let ledger: LedgerWriter
  let states: ConsentStates
  /** Of grants that have ended, by `<subject> <purpose>`. */
  const endedSalts = new Map<string, string>()
  /** Whose a key is, of all grants so far. */
  const subjects = new Map<string, string>()
  let firstPseudonyms = new Map<string, Set<string>>()

  beforeAll(async () => {
    ledger = await LedgerWriter.open(weir())
    states = await followStates(weir())
  })
  afterAll(async () => {
    await states?.close()
    await ledger?.close()
  })

  it('matches people of two purposes by arrival time and shown values, and by nothing else', async () => {
    await Promise.all([decide('grant', PEOPLE), decide('grant', HALFWAY, ['analytics'])])
    // All in one chunk, the hardest for whoever goes by arrival time: then only other channels could tell.
    await publish([...PEOPLE, ...HALFWAY], (at) => {
      if (at >= PEOPLE.length) return HALFWAY[at - PEOPLE.length] as string
      return at < 10 ? `rare-${at}` : `common-${at % 2}`
    })
    const spread = { WEIR_FORGET_SPREAD_MS: `${SPREAD_MS}` }
    await Promise.all([weir().start('sanitizer').ready(), weir().start('forgetter', 'forgetter', spread).ready()])
    await weir().drained()
    await publish(PEOPLE.slice(120, 130), () => 'common-0')
    await weir().drained()
    const clean = await cleanTopics()
    firstPseudonyms = pseudonymsIn(clean)
    const attack = ([one, other]: readonly [Purpose, Purpose], plant = (records: SeenRecord[]) => records) => {
      const { a, b } = seenInBoth(clean[one], clean[other])
      const truth = new Map(PEOPLE.map((subject) => [subjectKey(subject, one), subjectKey(subject, other)]))
      return joinAttack({ a: plant(a), b: plant(b), truth, seed: one + other })
    }
    for (const pair of PAIRS) {
      const report = attack(pair)
      console.info(`${pair.join(' and ')}: ${joinReportText(report)}`)
      expect(report).toMatchObject({ pairs: PEOPLE.length, apart: 0, leaking: [] })
    }
    const halfway = (plant = (records: SeenRecord[]) => records) => {
      const categoryOf = ({ event }: CleanRecord) => (event['product'] as { category: string } | null)?.category ?? null
      const stripped = seenStripped(clean.personalization, categoryOf)
      const { b } = seenInBoth(clean.personalization, clean.analytics)
      const truth = new Map(HALFWAY.map((subject) => [subject, subjectKey(subject, 'analytics')]))
      const open = b.map((record) => ({ ...record, shown: '' }))
      return joinAttack({ a: plant(stripped), b: plant(open), truth, seed: 'halfway' })
    }
    const keyless = halfway()
    console.info(`a record without a key: ${joinReportText(keyless)}`)
    expect(keyless).toMatchObject({ pairs: HALFWAY.length, apart: 0, leaking: [] })
    // The control: these very records, with one defence less.
    const place = ({ key: own }: SeenRecord) => [...PEOPLE, ...HALFWAY].indexOf(subjects.get(own) ?? own)
    expect(halfway((records) => laidInOrder(records, place)).leaking).toContain('order in batches')
    const planted = (plant: (records: SeenRecord[]) => SeenRecord[]) => attack(PAIRS[0], plant).leaking
    expect(planted((records) => laidInOrder(records, place))).toContain('order in batches')
    expect(planted((records) => withTimes(records, (record) => 7_919 * place(record)))).toContain('record timestamps')
    expect(planted((records) => inPartitions(records, (record) => (place(record) >> 3) & 1))).toContain('partitions')
  })

  it('recomputes no pseudonym of a grant that has ended', async () => {
    for (const subject of [...WITHDRAWN, ...REGRANTED, ...ERASED]) {
      for (const purpose of PURPOSES) endedSalts.set(`${subject} ${purpose}`, saltOf(subject, purpose) as string)
    }
    await Promise.all([
      decide('withdraw', [...WITHDRAWN, ...REGRANTED]).then(() => decide('grant', REGRANTED)),
      decide('erase', ERASED),
    ])
    await publish([...REGRANTED, ...PEOPLE.slice(100, 104)], () => 'common-0')
    await weir().drained()

    const present = await whatIsLeft(weir(), key('root'), `${STREAM}.raw`)
    const all = Buffer.concat(present.bytes)
    expect(new FileSearch(endedSalts.values()).inBytes(all)).toEqual(new Set())
    expect(new FileSearch(present.salts).inBytes(all)).toEqual(present.salts)

    const pseudonyms = new Pseudonyms(key('root'))
    const material = { epochs: [1, 2], purposes: PURPOSES, stream: STREAM }
    const compute = (salts: ReadonlySet<string>) => recomputable(pseudonyms, TRIED.map(known), { ...material, salts })
    const computed = compute(present.salts)
    const now = pseudonymsIn(await cleanTopics())
    for (const subject of TRIED) {
      const first = firstPseudonyms.get(subject) as Set<string>
      expect(first.size).toBeGreaterThanOrEqual(6)
      const isEnded = endedSalts.has(`${subject} ${PURPOSES[0]}`)
      if (isEnded) expect(first.intersection(computed)).toEqual(new Set())
      // The control: the same search finds those of grants that run.
      else expect(first.difference(computed)).toEqual(new Set())
      const since = (now.get(subject) ?? new Set()).difference(first)
      if (REGRANTED.includes(subject)) expect(since.size).toBeGreaterThanOrEqual(6)
      if (!isEnded || REGRANTED.includes(subject)) expect(since.difference(computed)).toEqual(new Set())
    }
    // And with the ended salts it would find the others too.
    const withEnded = compute(new Set(endedSalts.values()))
    for (const subject of TRIED.filter((one) => endedSalts.has(`${one} ${PURPOSES[0]}`))) {
      expect((firstPseudonyms.get(subject) as Set<string>).difference(withEnded)).toEqual(new Set())
    }
  })

  it('matches what is to be forgotten in two purposes by when it was ordered, not by how it was told', async () => {
    const topics = PURPOSES.map((purpose) => `${STREAM}.${purpose}.forget`)
    const leavers = [...WITHDRAWN, ...REGRANTED, ...ERASED]
    const told = await until('all are told', async () => {
      const records = Map.groupBy(await weir().dump('consent.forget', ...topics), ({ topic }) => topic)
      return topics.every((topic) => records.get(weir().topic(topic))?.length === leavers.length) ? records : null
    })
    // One person's orders are given at once, in one transaction; whoever shares it is told apart by nothing.
    const transactionsOf = async (topic: string) => readTransactions(await weir().kafka(), weir().topic(topic))
    const given = await transactionsOf('consent.forget')
    const orders = (told.get(weir().topic('consent.forget')) ?? []).map(({ partition, offset, value }) => {
      return [decodeForget(value ?? Buffer.alloc(0)).pseudonym, given(partition, offset)] as const
    })
    const orderedAt = new Map(orders)
    const seen = new Map<string, SeenRecord[]>()
    for (const topic of topics) {
      const records = told.get(weir().topic(topic)) ?? []
      seen.set(
        topic,
        seenForgotten(records, await transactionsOf(topic), (pseudonym) => orderedAt.get(pseudonym) ?? ''),
      )
    }
    const ended = (subject: string, purpose: Purpose) => {
      const grant = { purpose, epoch: 1, salt: endedSalts.get(`${subject} ${purpose}`) as string }
      return new Pseudonyms(key('root')).ofSubject(grant, ref(subject))
    }
    for (const [one, other] of PAIRS) {
      const [a = [], b = []] = [one, other].map((purpose) => seen.get(`${STREAM}.${purpose}.forget`))
      const truth = new Map(leavers.map((subject) => [ended(subject, one), ended(subject, other)]))
      const report = joinAttack({ a, b, truth, spread: true, seed: one + other })
      console.info(`forgotten in ${one} and ${other}: ${joinReportText(report)}`)
      expect(report).toMatchObject({ pairs: leavers.length, apart: 0, leaking: [] })
      const place = (record: SeenRecord) => leavers.indexOf(subjects.get(record.key) as string)
      const unspread = (records: SeenRecord[]) => inTransactions(records, (record) => `1:${place(record)}`)
      const control = joinAttack({ a: unspread(a), b: unspread(b), truth, spread: true, seed: one + other })
      expect(control.leaking).toContain('order by transaction')
    }
  })

  /** Of all three purposes, past the API: it is the topics that matter here. */
  async function decide(
    kind: 'grant' | 'withdraw' | 'erase',
    who: readonly string[],
    purposes: readonly Purpose[] = PURPOSES,
  ): Promise<void> {
    await Promise.all(
      who.map((subject) => {
        const basedOn = states.latest.get(ref(subject))?.position ?? -1
        return ledger.decide(ref(subject), kind, { purposes: kind === 'erase' ? [] : purposes, basedOn })
      }),
    )
    const status = { grant: 'granted', withdraw: 'withdrawn', erase: 'erased' }[kind]
    const isDone = (subject: string) => purposes.every((purpose) => stateOf(subject, purpose)?.status === status)
    await until(`all are ${status}`, () => who.every(isDone))
    if (kind !== 'grant') return
    for (const subject of who) for (const purpose of purposes) subjects.set(subjectKey(subject, purpose), subject)
  }

  function stateOf(subject: string, purpose: Purpose) {
    return states.latest.get(ref(subject))?.purposes[purpose]
  }

  function saltOf(subject: string, purpose: Purpose): string | null {
    return stateOf(subject, purpose)?.salt ?? null
  }

  /** An event of each, in this order. */
  async function publish(who: readonly string[], categoryAt: (at: number) => string): Promise<void> {
    const made = who.map((subject, at) => {
      const event = { subject, eventId: randomUUID(), sessionId: randomUUID() }
      events.push(event)
      const product = { sku: `SKU-${at}`, category: categoryAt(at), priceCents: 100 + at, currency: 'EUR' }
      return { key: subject, value: weir().event(subject, { ...event, product, subjectId: subject }) }
    })
    await weir().publish(made)
  }

  function dumpedClean(): Promise<ForeignRecord[]> {
    return weir().dump(...PURPOSES.map((purpose) => `${STREAM}.${purpose}`))
  }

  async function decoded(records: readonly ForeignRecord[], purpose: Purpose): Promise<CleanRecord[]> {
    const type = avro.Type.forSchema((await weir().registered(`${STREAM}.${purpose}`)).schema as avro.Schema)
    const own = records.filter(({ topic }) => topic === weir().topic(`${STREAM}.${purpose}`))
    return own.map((record) => ({ ...record, event: type.fromBuffer((record.value as Buffer).subarray(5)) }))
  }

  async function cleanTopics(): Promise<Record<Purpose, CleanTopic>> {
    const dumped = await dumpedClean()
    const topics = PURPOSES.map(async (purpose): Promise<[Purpose, CleanTopic]> => {
      const transactions = await readTransactions(await weir().kafka(), weir().topic(`${STREAM}.${purpose}`))
      return [purpose, { records: await decoded(dumped, purpose), transactions, timeMs: TIMES[purpose] }]
    })
    return Object.fromEntries(await Promise.all(topics)) as Record<Purpose, CleanTopic>
  }

  /** A person's ref and raw values. */
  function known(subject: string): KnownPerson {
    const own = events.filter((event) => event.subject === subject)
    const leaves = own.flatMap(({ eventId, sessionId }) => [
      ['eventId', eventId] as const,
      ['sessionId', sessionId] as const,
    ])
    return { ref: ref(subject), leaves }
  }

  function subjectKey(subject: string, purpose: Purpose): string {
    const { salt, epoch } = stateOf(subject, purpose) ?? { salt: null, epoch: 0 }
    return new Pseudonyms(key('root')).ofSubject({ purpose, epoch, salt: salt ?? '' }, ref(subject))
  }

  /** All pseudonyms in clean records, of keys and leaves, by person. */
  function pseudonymsIn(clean: Readonly<Record<Purpose, CleanTopic>>): Map<string, Set<string>> {
    const found = new Map<string, Set<string>>()
    for (const [one, other] of PAIRS) {
      for (const { key: own, leaves } of Object.values(seenInBoth(clean[one], clean[other])).flat()) {
        const subject = subjects.get(own) as string
        found.set(subject, (found.get(subject) ?? new Set<string>()).union(new Set([own, ...leaves])))
      }
    }
    return found
  }
})
