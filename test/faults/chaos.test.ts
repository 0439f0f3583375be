import { beforeAll, describe, expect, it } from 'vitest'
import { readOptions } from '../chaos/options.ts'
import { PLANTED, PLANTS, plant } from '../chaos/plant.ts'
import { type ChaosRun, runChaos } from '../chaos/run-chaos.ts'
import { check } from '../check/check.ts'

const LIMIT_MS = 300_000
/** Of some forty; a slow machine has fewer. */
const LEAST_EFFECTIVE = 15

/** The short form of `npm run chaos`. */
describe('promises 3 to 6 in a storm of faults', () => {
  let run: ChaosRun
  const said: string[] = []

  beforeAll(async () => {
    run = await runChaos(readOptions(['--short']), (line) => said.push(line))
  }, LIMIT_MS)

  it('loses nothing, repeats nothing, keeps the order and leaks nothing, for a reader afterwards and one meanwhile', () => {
    const clean = { lost: 0, repeated: 0, outOfOrder: 0, leaked: 0, others: [] }
    expect(run.result, said.join('\n')).toMatchObject({ ...clean, duringRun: clean, endedUnasked: [], stalled: [] })
  })

  it('leaves topics of which the auditor proves every record', () => {
    const { audit, records } = run.result
    expect(audit, said.join('\n')).toMatchObject({ exit: 0, violated: {}, raw: { proved: records } })
    expect(audit.raw.undecidable).toEqual({})
    expect(audit.clean.proved).toBeGreaterThan(records)
  })

  it('hits open transactions of every part', () => {
    const { faults, effective, records } = run.result
    expect(records).toBeGreaterThan(1_000)
    expect(effective, said.join('\n')).toBeGreaterThanOrEqual(LEAST_EFFECTIVE)
    for (const part of ['sanitizer', 'projector', 'redis', 'broker']) {
      const kinds = Object.entries(faults).filter(([kind]) => kind.startsWith(`${part}-`))
      expect(
        kinds.reduce((sum, [, { effective }]) => sum + effective, 0),
        part,
      ).toBeGreaterThan(0)
    }
  })

  it('keeps to the stated bound of a withdrawal', () => {
    const { withdrawalMs } = run.result
    expect(withdrawalMs.count).toBeGreaterThan(5)
    expect(withdrawalMs.boundMs).toBeGreaterThan(0)
    expect(withdrawalMs, said.join('\n')).toMatchObject({ late: 0, unknown: 0, leakedAfter: 0 })
    expect(withdrawalMs.withTraffic).toBeGreaterThan(0)
  })

  it.each(PLANTS)('a planted %s in the same run is reported, as often as it was planted', (kind) => {
    const { lost, repeated, outOfOrder, leaked } = check(plant(run.evidence, [kind]))
    const found = { loss: lost, repeat: repeated, disorder: outOfOrder, leak: leaked }
    expect(found).toEqual({ loss: 0, repeat: 0, disorder: 0, leak: 0, [kind]: PLANTED[kind] })
  })

  it('all four planted at once are told apart', () => {
    expect(check(plant(run.evidence, PLANTS))).toMatchObject({
      lost: PLANTED.loss,
      repeated: PLANTED.repeat,
      outOfOrder: PLANTED.disorder,
      leaked: PLANTED.leak,
    })
  })
})
