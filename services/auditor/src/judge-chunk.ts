import { rowsOf } from './chunk-rows.ts'
import { type Asked, type Decided, decide } from './consent/decide.ts'
import type { Version } from './consent/fold.ts'
import type { Branch, Output } from './contract/contract.ts'
import type { Form } from './expected.ts'
import type { Finding, Report, Undecidable } from './findings.ts'
import { type Destiny, type JudgedOutput, judgeOutput, type OutputResult } from './judge-output.ts'
import { judgeQuarantine } from './judge-quarantine.ts'
import type { KeyOrder } from './key-order.ts'
import type { Row } from './rows.ts'
import type { Audited, StreamTools, Workshop } from './workshop.ts'

/** Largest value that fits a batch: a row with a larger one is quarantined for all purposes. */
const LARGEST_VALUE = 900_000 - 512

/** Recomputes one chunk from its raw records and compares it with what its transaction wrote. */
export function judgeChunk(shop: Workshop, audited: Audited, order: KeyOrder, report: Report): void {
  const { chunk } = audited
  report.chunks++
  const tools = shop.toolsFor(chunk)
  const { rows: raws, expired, closed } = rowsOf(chunk, shop.evidence, shop.keys)
  if (chunk.kind !== 'redrive') report.rawOffsetsExpired += expired
  report.raw.cannot('key gone', closed)
  const blind = blindness(shop, audited, tools)
  if (tools === null || blind !== null) {
    const why = blind ?? 'contract not given'
    report.raw.cannot(why, raws.length)
    for (const { topic, purpose } of chunk.outputs)
      if (isWanted(shop, purpose)) report.clean.cannot(why, cleanRecords(shop, topic, audited))
    return
  }
  new ChunkJudge(shop, audited, tools, order, report).judge(raws, expired + closed)
}

/** Why nothing of a chunk can be said; null: something can. */
function blindness(shop: Workshop, { chunk }: Audited, tools: StreamTools | null): Undecidable | null {
  if (tools === null) return 'contract not given'
  return shop.evidence.topics.has(chunk.source) ? null : 'raw expired'
}

function cleanRecords(shop: Workshop, topic: string, { transaction }: Audited): number {
  return shop.batchesOf(topic, transaction).reduce((sum, { batch }) => sum + batch.records().length, 0)
}

function isWanted({ evidence: { purposes } }: Workshop, purpose: string): boolean {
  return purposes === null || purposes.has(purpose)
}

class ChunkJudge {
  readonly #shop: Workshop
  readonly #audited: Audited
  readonly #tools: StreamTools
  readonly #order: KeyOrder
  readonly #report: Report
  readonly #positions: ReadonlyMap<number, number>
  readonly #unknownPartitions = new Set<number>()

  constructor(shop: Workshop, audited: Audited, tools: StreamTools, order: KeyOrder, report: Report) {
    this.#shop = shop
    this.#audited = audited
    this.#tools = tools
    this.#order = order
    this.#report = report
    this.#positions = new Map(audited.chunk.consent.map(({ partition, ledgerPosition }) => [partition, ledgerPosition]))
  }

  /** @param notThere how many rows there may have been beside these */
  judge(raws: readonly Parameters<StreamTools['rows']['read']>[0][], notThere: number): void {
    const rows: Row[] = []
    const bad: (typeof raws)[number][] = []
    let unread = 0
    for (const raw of raws) {
      const row = this.#tools.rows.read(raw)
      if (row === 'bad') bad.push(raw)
      else if (row === 'schema gone') unread++
      else rows.push(row)
    }
    this.#report.raw.cannot('schema gone', unread)
    const outputs = this.#outputs()
    const good = rows.filter((row) => this.#isGood(row, outputs) || !bad.push(row.raw))
    const destinies = outputs.map((output) => good.map((row) => this.#destiny(row, output)))
    const large = new Set(good.filter((_, i) => destinies.some((own) => isLarge(own[i]))))
    for (const { raw } of large) bad.push(raw)

    const missing = notThere + unread
    const results = outputs.flatMap((output, at) => {
      if (!isWanted(this.#shop, output.output.purpose)) return []
      const own = (destinies[at] as Destiny[]).filter(({ row }) => !large.has(row))
      return judgeOutput(this.#shop, this.#audited, output, own, missing, this.#order, this.#report)
    })
    this.#sumRows(
      good.filter((row) => !large.has(row)),
      results,
    )
    if (this.#unknownPartitions.size > 0) this.#positionMissing()
    // Without its clean schema nobody can say which rows don't fit it.
    const unclear = outputs.some(({ cleanId }) => cleanId === null) ? good.length : 0
    judgeQuarantine(this.#shop, this.#audited, bad, missing + unclear, this.#report)
  }

  /** All of them: a row that can't be processed for one is quarantined for all. */
  #outputs(): JudgedOutput[] {
    const { stream, rewriter } = this.#tools
    return this.#audited.chunk.outputs.flatMap(({ purpose, topic, granted, stripped, withheld }): JudgedOutput[] => {
      const output = stream.outputs.get(purpose)
      if (output === undefined) {
        this.#finding({ what: 'wrong-audit-record', expected: 'purposes of the contract', found: 'another purpose' })
        return []
      }
      const cleanId = this.#cleanId(topic, purpose)
      const said = { granted, stripped, withheld }
      return [
        {
          output,
          topic,
          said,
          cleanId: cleanId !== null && rewriter.cleanSchema(cleanId) !== null ? cleanId : null,
          rewriter,
        },
      ]
    })
  }

  /** Of what the transaction wrote, where it is one of the purpose; else the newest that is registered. */
  #cleanId(topic: string, purpose: string): number | null {
    const namespace = `weir.${this.#tools.stream.name}.${purpose}`
    for (const { batch } of this.#shop.batchesOf(topic, this.#audited.transaction)) {
      for (const { value } of batch.records()) {
        if (value === null || value.length < 5 || value[0] !== 0) continue
        const id = value.readUInt32BE(1)
        const name = this.#tools.rewriter.cleanSchema(id)?.name
        if (name?.slice(0, name.lastIndexOf('.')) === namespace) return id
      }
    }
    return this.#shop.evidence.cleanSchemas.get(topic) ?? null
  }

  #isGood(row: Row, outputs: readonly JudgedOutput[]): boolean {
    return outputs.every(
      ({ output, cleanId }) => cleanId === null || this.#tools.rewriter.isUsable(output, row.schemaId, cleanId),
    )
  }

  #destiny(row: Row, { output, cleanId }: JudgedOutput): Destiny {
    const asked = this.#asked(row)
    if (asked === null) return { row, asked: null, decided: null, form: null, why: null }
    const decided = decide(output, asked)
    if (cleanId === null) return { row, asked, decided, form: null, why: 'schema gone' }
    const branch = branchOf(output, decided)
    if (branch === null) return { row, asked, decided, form: null, why: null }
    const { rewriter } = this.#tools
    if (decided.kind !== 'granted')
      return { row, asked, decided, form: rewriter.form(row, branch, cleanId, null, false), why: null }
    const salt = this.#shop.consent.saltOf(row.subject, output.purpose, decided.holding)
    const hasKey = salt !== null && this.#shop.keys.hasEpoch(salt.epoch)
    const grant = hasKey ? { purpose: output.purpose, ...salt } : ('masked' as const)
    const form = rewriter.form(row, branch, cleanId, grant, decided.sensitiveAllowed)
    return { row, asked, decided, form, why: hasKey || form === null ? null : salt === null ? 'salt gone' : 'key gone' }
  }

  /** What held for the row's people at the fence; null when the audit record does not say where consent stood for them. */
  #asked(row: Row): Asked | null {
    const subject = this.#stateOf(row.subject)
    const device = row.device === null ? null : this.#stateOf(row.device)
    if (subject === undefined || device === undefined) return null
    const { eventTimeMs, ownSignal } = row
    return { subject, device, eventTimeMs, ownSignal, tickTimeMs: this.#audited.chunk.tickTimeMs }
  }

  #stateOf(ref: string): Version | null | undefined {
    const partition = this.#shop.consent.partitionOf(ref)
    const position = this.#positions.get(partition)
    if (position === undefined) {
      this.#unknownPartitions.add(partition)
      return undefined
    }
    return this.#shop.consent.at(ref, position)
  }

  /** A raw record is proved when it is for every purpose. */
  #sumRows(rows: readonly Row[], results: readonly OutputResult[]): void {
    for (const row of rows) {
      if (results.some(({ violated }) => violated.has(row))) this.#report.raw.violated++
      else {
        const why = results.map(({ undecidable }) => undecidable.get(row)).find((one) => one !== undefined)
        if (why === undefined) this.#report.raw.proved++
        else this.#report.raw.cannot(why)
      }
    }
  }

  #positionMissing(): void {
    const partitions = [...this.#unknownPartitions].sort((a, b) => a - b).join(', ')
    this.#finding({
      what: 'wrong-audit-record',
      expected: `positions of consent partitions ${partitions}`,
      found: 'none',
    })
  }

  #finding(one: Pick<Finding, 'what' | 'expected' | 'found'>): void {
    const { partition, offset } = this.#audited
    const topic = this.#shop.evidence.audit.topic
    this.#report.findings.push({ promise: 8, purpose: null, topic, partition, offset, raw: null, leaves: [], ...one })
  }
}

function branchOf(output: Output, decided: Decided): Branch | null {
  if (decided.kind === 'granted') return output.policies[decided.policy]?.granted ?? null
  return decided.kind === 'stripped' ? output.otherwise : null
}

function isLarge(destiny: Destiny | undefined): boolean {
  const form: Form | null = destiny?.form ?? null
  return form !== null && form.value.length > LARGEST_VALUE
}
