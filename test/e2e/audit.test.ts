import { decodeChunk, encodeChunk } from '@weir/audit'
import { KeyRing, padded, sealer, unpadded } from '@weir/pseudonym'
import { audit } from '@weir/service-auditor/src/audit.ts'
import type { Batch, Evidence, KafkaRecord } from '@weir/service-auditor/src/evidence.ts'
import type { Finding } from '@weir/service-auditor/src/findings.ts'
import { sumOf } from '@weir/service-auditor/src/sum.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evidenceOf, replayEverything, runEverything } from '../audit/audited-run.ts'
import { Plants, withBatches } from '../audit/plants.ts'
import { ContractCopy } from '../support/contract-copy.ts'
import { produce } from '../support/foreign/foreign.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { weirCli } from '../support/weir-cli.ts'

describe('weir audit', () => {
  const contract = new ContractCopy()
  const older = contract.read('clickstream/personalization.1.yaml')
  contract.write(
    'clickstream/personalization.2.yaml',
    older.replace('notice: 1', 'notice: 2').replace('  geo.country: keep', '  geo.country: keep\n  geo.region: keep'),
  )
  contract.write('purposes.yaml', contract.changed('purposes.yaml', 'notice: 1', 'notice: 2'))
  const weir = sharedWeir({ contracts: contract.folder })
  let evidence: Evidence
  let plants: Plants

  beforeAll(async () => {
    await runEverything(weir())
    evidence = await evidenceOf(weir())
    plants = new Plants(evidence, weir().namespace, contract.folder)
  })
  afterAll(() => contract.remove())

  const findings = async (planted: Evidence): Promise<readonly Finding[]> => (await audit(planted)).findings
  const named = async (planted: Evidence) =>
    (await findings(planted)).map(({ promise, what, leaves }) => ({ promise, what, leaves: leaves.join() }))

  it('finds nothing violated in a run with everything that consent can do, and proves each outcome', async () => {
    const sum = sumOf(await audit(evidence))
    expect(sum).toMatchObject({ violations: 0, clean: { violated: 0, undecidable: {} }, rawOffsetsExpired: 0 })
    expect(sum.raw).toEqual({ proved: 66, violated: 0, undecidable: {} })
    expect(sum.outcomes).toEqual({
      personalization: { granted: 39, stripped: 24, withheld: 0 },
      analytics: { granted: 27, stripped: 36, withheld: 0 },
      marketing: { granted: 33, stripped: 0, withheld: 30 },
    })
  })

  it('names a leaked leaf', async () => {
    const form = plants.stripped(plants.row('nobody', 'one'), 'personalization')
    const value = plants.changed(form.value, (event) => {
      Object.assign(event['product'] as object, { sku: 'one-1' })
    })
    const planted = plants.replace('personalization', form, { ...form, value })
    expect(await named(planted)).toEqual([{ promise: 1, what: 'leaked-leaf', leaves: 'product.sku' }])
    expect(JSON.stringify(await findings(planted))).not.toContain('one-1')
  })

  it('names a retroactive grant', async () => {
    const row = plants.row('late', 'one')
    const planted = plants.replace(
      'personalization',
      plants.stripped(row, 'personalization'),
      plants.granted(row, 'personalization'),
    )
    expect(await named(planted)).toEqual([{ promise: 3, what: 'retroactive-grant', leaves: '' }])
  })

  it('names a record that was decided after a withdrawal', async () => {
    const row = plants.row('withdrawer', 'two')
    const planted = plants.replace(
      'personalization',
      plants.stripped(row, 'personalization'),
      plants.granted(row, 'personalization'),
    )
    expect(await named(planted)).toEqual([{ promise: 3, what: 'after-withdrawal', leaves: '' }])
  })

  it('names what only a newer notice covers', async () => {
    const row = plants.row('older-notice', 'two')
    const planted = plants.replace(
      'personalization',
      plants.granted(row, 'personalization'),
      plants.granted(row, 'personalization', 0, 2),
    )
    expect(await named(planted)).toEqual([{ promise: 3, what: 'wider-than-notice', leaves: '' }])
  })

  it('names a lost record, and one that is there twice', async () => {
    const form = plants.granted(plants.row('newer-notice', 'two'), 'analytics')
    expect(await named(plants.replace('analytics', form, 'nothing'))).toEqual([
      { promise: 5, what: 'lost-record', leaves: '' },
    ])
    expect(await named(plants.replace('analytics', form, 'twice'))).toEqual([
      { promise: 5, what: 'repeated-record', leaves: '' },
    ])
  })

  it('names a pseudonym of another purpose', async () => {
    const row = plants.row('newer-notice', 'two')
    const foreign = plants.granted(row, 'personalization', 0, undefined, 'marketing')
    const planted = plants.replace('personalization', plants.granted(row, 'personalization'), foreign)
    expect(await named(planted)).toEqual([
      { promise: 7, what: 'foreign-pseudonym', leaves: '(key),eventId,subjectId,sessionId' },
    ])
  })

  it('names a chunk that was decided by consent older than a withdrawal that all had seen long before', async () => {
    const seal = sealer(new KeyRing([[1, evidence.rootKeys.get(1) as Buffer]], 1))
    const { topic } = evidence.audit
    const stale = (record: KafkaRecord): KafkaRecord => {
      const chunk = decodeChunk(unpadded(seal.open(topic, record.value as Buffer)))
      const consent = chunk.consent.map((one) => ({ ...one, ledgerPosition: 0 }))
      const value = seal.seal(topic, padded(encodeChunk({ ...chunk, consent })), Buffer.alloc(12, 1))
      return { ...record, value: Buffer.from(value) }
    }
    const restale = (batch: Batch): Batch => ({ ...batch, records: () => batch.records().map(stale) })
    const last = Math.max(
      ...evidence.audit.partitions.flatMap(({ batches }) => batches.map(({ committedMs }) => committedMs)),
    )
    const planted = withBatches(evidence.audit, (batches) =>
      batches.map((batch) => (batch.committedMs === last ? restale(batch) : batch)),
    )
    const found = await findings({ ...evidence, audit: planted, commitBoundMs: 0 })
    expect(found.filter(({ promise }) => promise === 6).length).toBeGreaterThan(0)
  })

  it('names records and ranges that no audit record accounts for', async () => {
    const [second] = evidence.audit.partitions
      .flatMap(({ batches }) => batches)
      .sort((a, b) => a.committedMs - b.committedMs)
      .slice(1)
    const planted = withBatches(evidence.audit, (batches) => batches.filter((batch) => batch !== second))
    const whats = new Set((await findings({ ...evidence, audit: planted })).map(({ what }) => what))
    expect([...whats].sort()).toEqual(['no-audit-record', 'range-lost'])
  })

  it('says what it can not decide, and still compares what is left', async () => {
    const gone = new Set([plants.ref('withdrawer')])
    const state = withBatches(evidence.state, (batches) =>
      batches.map((batch) => ({
        ...batch,
        records: () => batch.records().filter(({ key }) => !gone.has(key?.toString('hex') ?? '')),
      })),
    )
    const sum = sumOf(await audit({ ...evidence, state }))
    expect(sum).toMatchObject({ violations: 0, raw: { undecidable: { 'salt gone': 3 } } })
    const form = plants.granted(plants.row('withdrawer', 'one'), 'personalization')
    const value = plants.changed(form.value, (event) => {
      Object.assign(event['geo'] as object, { country: 'AT' })
    })
    const planted = plants.replace('personalization', form, { ...form, value })
    expect(await named({ ...planted, state })).toEqual([{ promise: 1, what: 'leaked-leaf', leaves: 'geo.country' }])
    const without = sumOf(await audit({ ...evidence, contracts: new Map() }))
    expect(without).toMatchObject({ violations: 0, raw: { proved: 0, undecidable: { 'contract not given': 66 } } })
  })

  it('ends with 0 on live topics, proves a replay as well, and ends with 20 once a record is written beside the sanitizer', async () => {
    const clean = await weirCli(['audit', '--json'], weir().env)
    expect(
      clean.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).kind),
    ).toEqual(['sum'])
    expect(clean.exit, clean.said).toBe(0)

    await replayEverything(weir())
    const replayed = sumOf(await audit(await evidenceOf(weir())))
    expect(replayed).toMatchObject({ violations: 0, raw: { violated: 0, undecidable: {}, proved: 132 } })

    const { key, value } = plants.granted(plants.row('newer-notice', 'two'), 'marketing')
    await produce(weir().stack.KAFKA_BROKERS, [{ topic: plants.topic('marketing'), key, value }])
    const found = await weirCli(['audit', '--json', '--purposes', 'marketing'], weir().env)
    const [violation, sum] = found.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(violation).toMatchObject({
      kind: 'violation',
      promise: 8,
      what: 'no-audit-record',
      topic: plants.topic('marketing'),
    })
    expect(sum).toMatchObject({ kind: 'sum', violations: 1, violated: { 'no-audit-record': 1 } })
    expect(found.exit).toBe(20)
    // Six processes, one after the other.
  }, 180_000)
})
