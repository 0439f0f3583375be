import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeForget, type PurposeState, refToBytes, type SubjectRef } from '@weir/consent'
import { KeyRing, purposeKeys, subjectPseudonym } from '@weir/pseudonym'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConsentStates, differencesFromLedger, followStates, stateOf } from '../support/consent-states.ts'
import { LedgerWriter, newRef } from '../support/ledger.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'

const PURPOSE = 'personalization'
/** How long the grants of these tests last: long enough to be folded before they end. */
const LASTS_MS = 3_000

describe('a grant that runs out', () => {
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

  it('is ended in the ledger: the state has no salt any more, and its pseudonym is ordered forgotten', async () => {
    const ref = newRef()
    const granted = await grant(ref, Date.now() + LASTS_MS)
    const state = await stateOf(states, ref, ({ purposes }) => purposes[PURPOSE]?.status === 'expired')
    expect(state.purposes[PURPOSE]).toMatchObject({ salt: null, epoch: 0, untilMs: null })
    expect(state.purposes[PURPOSE]?.sinceMs).toBeGreaterThanOrEqual(granted.untilMs ?? 0)
    expect(await orders()).toContainEqual({
      purpose: PURPOSE,
      pseudonym: pseudonymOf(ref, granted),
      reason: 'expired',
    })
  })

  it('is not ended when it was renewed before its until: an expire that comes after the renewal is refused', async () => {
    const [renewed, other] = [newRef(), newRef()]
    const untilMs = Date.now() + LASTS_MS
    const { salt } = await grant(renewed, untilMs)
    const position = states.latest.get(renewed)?.position ?? -1
    await ledger.decide(renewed, 'grant', { basedOn: position, untilMs: [untilMs + 3_600_000] })
    await grant(other, untilMs)
    await stateOf(states, other, ({ purposes }) => purposes[PURPOSE]?.status === 'expired')
    // As a projector would that had not seen the renewal, or one that was not told that it had been said already.
    for (const ref of [renewed, other])
      await ledger.decide(ref, 'expire', { decidedAtMs: untilMs, source: 'projector' })
    for (const ref of [renewed, other]) {
      const { recent } = await stateOf(states, ref, (state) => state.recent.at(-1)?.outcome === 'refused')
      expect(recent.map(({ outcome }) => outcome)).toEqual(['applied', 'applied', 'refused'])
    }
    expect(states.latest.get(renewed)?.purposes[PURPOSE]).toMatchObject({ status: 'granted', salt })
  })

  it('while no projector ran is found by the next one’s scan, and told apart from what is still to come', async () => {
    const refs = Array.from({ length: 20 }, newRef)
    const later = newRef()
    const untilMs = Date.now() + LASTS_MS
    await Promise.all(refs.map((ref) => grant(ref, untilMs)))
    await grant(later, untilMs + 3_600_000)
    await weir().service('projector').stop('SIGKILL')
    await until('their time is over', () => Date.now() > untilMs)
    expect(refs.map((ref) => states.latest.get(ref)?.purposes[PURPOSE]?.status)).not.toContain('expired')
    weir().start('projector')
    const second = weir().start('projector', 'second', { WEIR_SLOT: '1' })
    await Promise.all(
      refs.map((ref) => stateOf(states, ref, ({ purposes }) => purposes[PURPOSE]?.status === 'expired')),
    )
    expect(states.latest.get(later)?.purposes[PURPOSE]?.status).toBe('granted')
    await Promise.all([weir().service('projector').stop(), second.stop()])
    expect(await differencesFromLedger(weir())).toEqual([])
  }, 120_000)

  /** Grants and waits until it is folded. */
  async function grant(ref: SubjectRef, untilMs: number): Promise<PurposeState> {
    await ledger.decide(ref, 'grant', { untilMs: [untilMs] })
    const { purposes } = await stateOf(states, ref, (state) => state.purposes[PURPOSE]?.status === 'granted')
    const granted = purposes[PURPOSE]
    if (granted === undefined) throw new Error('the state has no such purpose')
    return granted
  }

  async function orders() {
    const records = await weir().dump('consent.forget')
    return records.map(({ value }) => decodeForget(value ?? Buffer.alloc(0)))
  }

  function pseudonymOf(ref: SubjectRef, { epoch, salt }: PurposeState): string {
    const keys = purposeKeys(new KeyRing([[1, readFileSync(join(weir().folder, 'root.key'))]], 1))
    return subjectPseudonym(keys.grantKey(PURPOSE, epoch, salt ?? ''), refToBytes(ref))
  }
})
