import { randomUUID } from 'node:crypto'
import { carriedId, decodeLedger, type SubjectRef } from '@weir/consent'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConsentStates, differencesFromLedger, followStates, stateOf } from '../support/consent-states.ts'
import { LedgerWriter, newRef } from '../support/ledger.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'

const NO_PURPOSES = { purposes: [], notices: [], untilMs: [] }
const PAIRS = 40
const KILLS = 3

describe('what is refused on a device holds for whom it is linked to', () => {
  const weir = sharedWeir({}, ['projector'])
  let ledger: LedgerWriter
  let states: ConsentStates

  beforeAll(async () => {
    ledger = await LedgerWriter.open(weir())
    states = await followStates(weir())
  })
  afterAll(async () => {
    await states?.close()
    await ledger?.close()
  })

  it('whether it was refused before or after the link, and until the person grants again', async () => {
    const user = newRef()
    const [before, after] = [newRef(), newRef()]
    await ledger.decide(user, 'grant')
    await stateOf(states, user, ({ purposes }) => purposes['personalization']?.status === 'granted')

    const first = randomUUID()
    await ledger.decide(before, 'withdraw', { decisionId: first })
    await ledger.decide(before, 'link', { ...NO_PURPOSES, linkedTo: user })
    const carried = await stateOf(states, user, ({ recent }) => recent.at(-1)?.decisionId === carriedId(first, user))
    expect(carried.purposes['personalization']).toMatchObject({ status: 'withdrawn', salt: null })

    await ledger.decide(user, 'grant', { basedOn: carried.position })
    await stateOf(states, user, ({ purposes }) => purposes['personalization']?.status === 'granted')
    await ledger.decide(after, 'link', { ...NO_PURPOSES, linkedTo: user })
    const second = randomUUID()
    await ledger.decide(after, 'object', { decisionId: second })
    const again = await stateOf(states, user, ({ recent }) => recent.at(-1)?.decisionId === carriedId(second, user))
    expect(again.purposes['personalization']).toMatchObject({ status: 'objected', salt: null })
  })

  it('once each, through kills of the projector and repeats, also when what is carried lies in another partition', async () => {
    const pairs = Array.from({ length: PAIRS }, () => ({ user: newRef(), device: newRef(), refusal: randomUUID() }))
    const writing = writeAll(pairs)
    const carriedNow = () => pairs.filter((pair) => isCarried(pair)).length
    for (let kill = 1; kill <= KILLS; kill++) {
      await until('some are carried', () => carriedNow() >= (kill * PAIRS) / (KILLS + 2), 60_000)
      await weir().service('projector').stop('SIGKILL')
      weir().start('projector')
    }
    await writing
    await until('all are carried', () => carriedNow() === PAIRS, 60_000)
    await weir().service('projector').stop()

    expect(await differencesFromLedger(weir())).toEqual([])
    const ids = (await weir().dump('consent.decisions')).flatMap(({ value }) => {
      const record = decodeLedger(value ?? Buffer.alloc(0))
      return record.kind === 'decision' && record.decision.source === 'link' ? [record.decision.decisionId] : []
    })
    for (const { refusal, user } of pairs) {
      expect(ids.filter((id) => id === carriedId(refusal, user))).toHaveLength(1)
    }
  }, 180_000)

  interface Pair {
    readonly user: SubjectRef
    readonly device: SubjectRef
    readonly refusal: string
  }

  function isCarried({ user, refusal }: Pair): boolean {
    const recent = states.latest.get(user)?.recent ?? []
    return recent.some(({ decisionId }) => decisionId === carriedId(refusal, user))
  }

  /** One pair after the other, so that kills fall among them. Half are linked first; each says everything twice. */
  async function writeAll(pairs: readonly Pair[]): Promise<void> {
    for (const [i, { user, device, refusal }] of pairs.entries()) {
      await ledger.decide(user, 'grant')
      const link = { ...NO_PURPOSES, linkedTo: user, decisionId: randomUUID() }
      const refuse = () => ledger.decide(device, 'withdraw', { decisionId: refusal })
      const connect = () => ledger.decide(device, 'link', link)
      for (const say of i % 2 === 0 ? [connect, refuse] : [refuse, connect]) {
        await say()
        await say()
      }
      await until('not too far ahead', () => pairs.slice(0, i).filter((pair) => isCarried(pair)).length > i - 6, 60_000)
    }
  }
})
