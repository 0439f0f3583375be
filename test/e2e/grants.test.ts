import { describe, expect, it } from 'vitest'
import { sharedWeir } from '../support/shared-weir.ts'

const PURPOSE = ['personalization']

describe('promises 3 and 6: one unbroken grant, and a withdrawal that holds', () => {
  const weir = sharedWeir()

  /** Publishes one event, waits for it, and answers how personalization saw it: its key, null when stripped. */
  const seen = new Set<string>()
  async function sees(subject: string, leaves: Record<string, unknown> = {}): Promise<string | null> {
    await weir().publish([{ key: subject, value: weir().event(subject, leaves) }])
    await weir().drained()
    const now = await weir().clean('personalization')
    const added = now.filter(({ partition, offset }) => !seen.has(`${partition}/${offset}`))
    expect(added).toHaveLength(1)
    seen.add(`${added[0]?.partition}/${added[0]?.offset}`)
    return added[0]?.key?.toString() ?? null
  }

  it('strips an event that happened before the grant, although it is processed after', async () => {
    const happened = Date.now() - 60_000
    await weir().decide({ subject: 'early', kind: 'grant', purposes: PURPOSE })
    expect(await sees('early', { occurredAt: happened })).toBeNull()
    expect(await sees('early')).not.toBeNull()
  })

  it('obeys a withdrawal from the moment it is called effective', async () => {
    await weir().decide({ subject: 'leaver', kind: 'grant', purposes: PURPOSE })
    expect(await sees('leaver')).not.toBeNull()
    const { status } = await weir().decide({ subject: 'leaver', kind: 'withdraw', purposes: PURPOSE })
    expect(status).toBe('effective')
    expect(await sees('leaver')).toBeNull()
  })

  it('does not revive with a new grant what lay before it, and gives it another pseudonym', async () => {
    await weir().decide({ subject: 'returner', kind: 'grant', purposes: PURPOSE })
    const under = Date.now()
    const first = await sees('returner')
    await weir().decide({ subject: 'returner', kind: 'withdraw', purposes: PURPOSE })
    const between = Date.now()
    expect(await sees('returner')).toBeNull()
    await weir().decide({ subject: 'returner', kind: 'grant', purposes: PURPOSE })
    const second = await sees('returner')
    expect(second).not.toBeNull()
    expect(second).not.toBe(first)
    expect(await sees('returner', { occurredAt: between })).toBeNull()
    expect(await sees('returner', { occurredAt: under })).toBeNull()
  })

  it('gives no purpose what another one was granted', async () => {
    const marketing = (await weir().clean('marketing')).length
    await weir().decide({ subject: 'chooser', kind: 'grant', purposes: PURPOSE })
    expect(await sees('chooser')).not.toBeNull()
    expect(await weir().clean('marketing')).toHaveLength(marketing)
  })

  it('lets a device deny by an explicit refusal, and never allow', async () => {
    await weir().decide({ subject: 'shared', kind: 'grant', purposes: PURPOSE })
    await weir().decide({ subject: 'tablet', subjectKind: 'device', kind: 'withdraw', purposes: PURPOSE })
    await weir().decide({ subject: 'phone', subjectKind: 'device', kind: 'grant', purposes: PURPOSE })
    expect(await sees('shared', { deviceId: 'tablet' })).toBeNull()
    expect(await sees('shared', { deviceId: 'phone' })).not.toBeNull()
    expect(await sees('stranger', { deviceId: 'phone' })).toBeNull()
  })

  it("lets an event's own signal deny where the purpose listens to it", async () => {
    await weir().decide({ subject: 'signaller', kind: 'grant', purposes: ['personalization', 'marketing'] })
    const before = (await weir().clean('marketing')).length
    expect(await sees('signaller', { context: { gpc: true } })).not.toBeNull()
    expect(await weir().clean('marketing')).toHaveLength(before)
    await sees('signaller', { context: { gpc: false } })
    expect(await weir().clean('marketing')).toHaveLength(before + 1)
  })

  it('refuses a grant that stands on what was seen before a later withdrawal', async () => {
    const { position } = await weir().api('POST', '/v1/state', { subject: { kind: 'user', id: 'racer' } })
    await weir().decide({ subject: 'racer', kind: 'withdraw', purposes: PURPOSE })
    const stale = await weir().api('POST', '/v1/decisions', {
      subject: { kind: 'user', id: 'racer' },
      kind: 'grant',
      purposes: PURPOSE,
      notice: weir().notices(PURPOSE),
      basedOn: position,
    })
    const answer = await weir().api('GET', `/v1/decisions/${stale['decisionId']}?waitMs=10000`)
    expect(answer['status']).toBe('refused')
    expect(await sees('racer')).toBeNull()
  })
})
