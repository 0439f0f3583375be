import { randomUUID } from 'node:crypto'
import type { SubjectRef } from '@weir/consent'
import { readMetrics } from '@weir/infra/demo/metrics-page.ts'
import type { ServiceProcess } from '@weir/infra/demo/service-process.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConsentStates, differencesFromLedger, followStates } from '../support/consent-states.ts'
import { LedgerWriter, newRef } from '../support/ledger.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'

/** Frozen past the group's session timeout (6 s on this stack), a projector does not know that others took its place. */
describe('a projector that was frozen and thaws when its partitions are somebody else’s', () => {
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

  it('folds nothing twice, when another slot has taken over', async () => {
    const second = weir().start('projector', 'second', { WEIR_SLOT: '1' })
    await until('both have partitions', async () => (await partitions(first())) > 0 && (await partitions(second)) > 0)
    await whileWritten(async (foldedMore) => {
      await foldedMore()
      first().signal('SIGSTOP')
      try {
        await until('the second has all', async () => (await partitions(second)) === 16, 60_000)
        await foldedMore()
      } finally {
        first().signal('SIGCONT')
      }
      await until(
        'the first has some again',
        async () => {
          const [own, others] = [await partitions(first()), await partitions(second)]
          return own > 0 && own + others === 16
        },
        60_000,
      )
      await foldedMore()
    })
    await second.stop()
    expect(await differencesFromLedger(weir())).toEqual([])
  }, 180_000)

  it('folds nothing twice, when a new process of its own slot has taken over', async () => {
    const zombie = first()
    await until('it has all', async () => (await partitions(zombie)) === 16, 60_000)
    await whileWritten(async (foldedMore) => {
      await foldedMore()
      zombie.signal('SIGSTOP')
      try {
        const next = weir().start('projector', 'next')
        await until('the next has all', async () => (await partitions(next)) === 16, 60_000)
        await foldedMore()
      } finally {
        zombie.signal('SIGCONT')
      }
      // Both have the slot now, and may fence each other until one goes.
      await until(
        'the old one has found out',
        async () => (await outcomes(zombie)) > 0 || (await partitions(zombie)) === 0,
      )
      await zombie.stop('SIGKILL')
      await foldedMore()
    })
    await weir().service('next').stop()
    expect(await differencesFromLedger(weir())).toEqual([])
  }, 180_000)

  const first = (): ServiceProcess => weir().service('projector')

  async function partitions(projector: ServiceProcess): Promise<number> {
    return (await readMetrics(projector)).sum('weir_projector_partitions', { state: 'running' })
  }

  /** Transactions that ended otherwise than by a commit. */
  async function outcomes(projector: ServiceProcess): Promise<number> {
    const metrics = await readMetrics(projector)
    const of = (outcome: string) => metrics.sum('weir_projector_transactions_total', { outcome })
    return of('aborted') + of('unknown') + of('fenced')
  }

  /** Writes grants and withdrawals in turn, devices linked to people among them, all along; ends when all is folded. */
  async function whileWritten(during: (foldedMore: () => Promise<void>) => Promise<void>): Promise<void> {
    const people = Array.from({ length: 20 }, () => ({ user: newRef(), device: newRef() }))
    const last = new Map<SubjectRef, number>()
    const folded = () => people.filter(({ user }) => (states.latest.get(user)?.position ?? 0) > (last.get(user) ?? 0))
    for (const { user, device } of people) {
      await ledger.decide(device, 'link', { purposes: [], notices: [], untilMs: [], linkedTo: user })
    }
    let over = false
    const writing = (async () => {
      for (let round = 0; !over; round++) {
        for (const { user, device } of people) {
          const basedOn = states.latest.get(user)?.position ?? -1
          last.set(user, await ledger.decide(user, round % 2 === 0 ? 'grant' : 'withdraw', { basedOn }))
          if (round % 4 === 2) await ledger.decide(device, 'withdraw', { decisionId: randomUUID() })
        }
        // While nobody folds there is no need for more.
        await until('some of it is folded', () => over || folded().length >= people.length / 4, 90_000)
      }
    })()
    writing.catch(() => {})
    const positions = () => people.reduce((sum, { user }) => sum + (states.latest.get(user)?.position ?? 0), 0)
    try {
      await during(async () => {
        const before = positions()
        await until('more is folded', () => positions() > before, 60_000)
      })
    } finally {
      over = true
      await writing
    }
    await until('all is folded', async () => folded().length === people.length, 90_000)
    await until('what is carried too', async () => (await differencesFromLedger(weir())).length === 0, 60_000)
  }
})
