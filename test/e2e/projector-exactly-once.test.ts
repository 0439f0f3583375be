import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type ConsentState,
  decodeForget,
  decodeLedger,
  decodeStateRecord,
  fold,
  isTickKey,
  refToBytes,
  type SubjectRef,
} from '@weir/consent'
import { KeyRing, purposeKeys, subjectPseudonym } from '@weir/pseudonym'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ForeignRecord } from '../support/foreign/foreign.ts'
import { LedgerWriter, newRef } from '../support/ledger.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'

const PEOPLE = 60
const KILLS = 3

describe('the projector folds the ledger exactly once', () => {
  const weir = sharedWeir({}, [])
  let ledger: LedgerWriter
  beforeAll(async () => {
    ledger = await LedgerWriter.open(weir())
  })
  afterAll(() => ledger?.close())

  it('through kills in the middle, restarts, and a second one that joins and leaves', async () => {
    await weir().start('projector').ready()
    const refs = Array.from({ length: PEOPLE }, newRef)
    const writing = new AbortController()
    const written = write(refs, writing.signal)

    for (let kill = 0; kill < KILLS; kill++) {
      const before = await folded()
      await until('the projector gets on', async () => (await folded()) > before + 50, 60_000)
      await weir().service('projector').stop('SIGKILL')
      weir().start('projector')
    }
    const second = weir().start('projector', 'second', { WEIR_SLOT: '1' })
    await second.ready()
    const before = await folded()
    await until('both get on', async () => (await folded()) > before + 50, 60_000)
    expect(await second.stop('SIGTERM')).toBe(0)
    writing.abort()
    await written
    // Ticks go on coming, so a round of them may always be on its way.
    await until('all is folded', async () => (await behind()) <= 16, 60_000)
    await weir().service('projector').stop('SIGTERM')

    const records = await weir().dump('consent.decisions', 'consent.state', 'consent.forget')
    const of = (name: string) => records.filter(({ topic }) => topic === weir().topic(name))
    for (let partition = 0; partition < 16; partition++) {
      const inputs = inOrder(of('consent.decisions'), partition)
      const outputs = inOrder(of('consent.state'), partition)
      // The ticks at the end may not have been folded any more.
      expect(outputs.length).toBeGreaterThan(inputs.filter(({ key }) => key?.length === 32).length)
      expectFoldOf(inputs.slice(0, outputs.length), outputs)
      expect(inputs.slice(outputs.length).every(({ key }) => key !== null && isTickKey(key))).toBe(true)
    }
    const orders = of('consent.forget').map(({ value }) => decodeForget(value ?? Buffer.alloc(0)).pseudonym)
    expect(orders.length).toBeGreaterThan(0)
    expect(orders.sort()).toEqual(endedPseudonyms(of('consent.state')).sort())
  }, 240_000)

  /** Grants and withdrawals in turn, some at once, until told to stop; some are repeated as a retrying client would. */
  async function write(refs: readonly SubjectRef[], signal: AbortSignal): Promise<void> {
    const based = new Map<SubjectRef, number>()
    for (let round = 0; !signal.aborted; round++) {
      await until('not too far ahead', async () => signal.aborted || (await behind()) < 300, 60_000)
      await Promise.all(
        refs.map(async (ref, i) => {
          const kind = (round + i) % 2 === 0 ? 'grant' : 'withdraw'
          const decisionId = `00000000-0000-4000-8000-${String(round * PEOPLE + i).padStart(12, '0')}`
          // Every fifth person acts on a page that was never loaded again: refused once something was withdrawn.
          const more = { decisionId, basedOn: i % 5 === 0 ? -1 : (based.get(ref) ?? -1) }
          const offset = await ledger.decide(ref, kind, more)
          based.set(ref, offset + 1)
          if (i % 7 === 0) based.set(ref, (await ledger.decide(ref, kind, more)) + 1)
        }),
      )
    }
  }

  function positions(offsets: readonly number[]): number {
    return offsets.reduce((sum, offset) => sum + Math.max(0, offset), 0)
  }

  async function folded(): Promise<number> {
    const kafka = await weir().kafka()
    return positions(await kafka.committedOffsets(weir().topic('projector'), partitions()))
  }

  async function behind(): Promise<number> {
    const kafka = await weir().kafka()
    return positions(await kafka.endOffsets(partitions(), 'stable')) - (await folded())
  }

  function partitions() {
    const topic = weir().topic('consent.decisions')
    return Array.from({ length: 16 }, (_, partition) => ({ topic, partition }))
  }

  function endedPseudonyms(states: readonly ForeignRecord[]): string[] {
    const keys = purposeKeys(new KeyRing([[1, readFileSync(join(weir().folder, 'root.key'))]], 1))
    const pseudonyms: string[] = []
    for (let partition = 0; partition < 16; partition++) {
      const last = new Map<string, ConsentState>()
      for (const { key, value } of inOrder(states, partition)) {
        const record = decodeStateRecord(value ?? Buffer.alloc(0))
        if (record.kind === 'tick' || key === null) continue
        const ref = key.toString('hex')
        for (const [purpose, before] of Object.entries(last.get(ref)?.purposes ?? {})) {
          if (before.salt === null || record.state.purposes[purpose]?.salt === before.salt) continue
          pseudonyms.push(subjectPseudonym(keys.grantKey(purpose, before.epoch, before.salt), key))
        }
        last.set(ref, record.state)
      }
    }
    return pseudonyms
  }
})

function inOrder(records: readonly ForeignRecord[], partition: number): ForeignRecord[] {
  return records.filter((record) => record.partition === partition).sort((a, b) => a.offset - b.offset)
}

/**
 * One state record for each ledger record, in the same order, each the fold of all before it. Salts are taken as they
 * were drawn, so the fold here draws what the state record shows.
 */
function expectFoldOf(inputs: readonly ForeignRecord[], outputs: readonly ForeignRecord[]): void {
  const states = new Map<SubjectRef, ConsentState>()
  const salts = new Set<string>()
  for (const [i, input] of inputs.entries()) {
    const output = decodeStateRecord(outputs[i]?.value ?? Buffer.alloc(0))
    const record = decodeLedger(input.value ?? Buffer.alloc(0))
    if (record.kind === 'step') throw new Error('nobody erases here')
    if (record.kind === 'tick' || output.kind === 'tick') {
      const tick = { ...('tick' in record ? record.tick : {}), timeMs: input.timestamp, position: input.offset + 1 }
      expect(output).toEqual({ ...record, tick })
      continue
    }
    const { ref } = record.decision
    expect(outputs[i]?.key?.equals(refToBytes(ref))).toBe(true)
    const salt = () => {
      const drawn = output.state.purposes['personalization']?.salt ?? ''
      expect(salts.has(drawn)).toBe(false)
      salts.add(drawn)
      return drawn
    }
    const at = { offset: input.offset, appendTimeMs: input.timestamp }
    const { state } = fold(states.get(ref) ?? null, record.decision, at, { salt, epoch: 1 })
    expect(output.state).toEqual(state)
    states.set(ref, state)
  }
}
