import { expect, test } from 'vitest'
import { allowedForms } from './allowed-forms.ts'
import type { Holding } from './consent-history.ts'
import { cleanSchemaOf } from './fixtures/clean-schema.ts'
import { syntheticRun } from './fixtures/synthetic-run.ts'
import { Pseudonyms } from './pseudonyms.ts'
import type { GoodRow } from './raw-rows.ts'
import { Rewriting } from './rewriting.ts'

const { contract, leaver } = syntheticRun(100)
const made = contract.outputs.find((output) => output.purpose === 'personalization')
const newest = made?.policies.at(-1)
if (made === undefined || newest === undefined) throw new Error('the sample contract has a policy of personalization')
const output = {
  ...made,
  policies: [
    { notice: 1, granted: new Map([...newest.granted].slice(0, 2)) },
    { ...newest, notice: 2 },
  ],
}
const rewriting = new Rewriting(
  contract,
  output,
  new Pseudonyms(Buffer.alloc(32, 7)),
  5,
  cleanSchemaOf(contract.rawSchema, output),
)
const row: GoodRow = {
  ...(leaver.rows[0] as GoodRow),
  deviceRef: null,
  ownSignal: false,
  eventTimeMs: 2000,
  appendTimeMs: 2001,
}
const grant = { purpose: 'personalization', epoch: 1, salt: '0a'.repeat(16) }

function formsUnder(change: Partial<Holding>) {
  const { epoch, salt } = grant
  const holding: Holding = {
    ...{ status: 'granted', sinceMs: 1000, untilMs: null, grantOffset: 0, salt, epoch },
    ...{ notice: 2, noticeSinceMs: 1000, noticeBefore: 2 },
    ...change,
  }
  const purposes = new Map([['personalization', holding]])
  const histories = new Map([[row.subjectRef, { versions: [{ decision: null, purposes }], differences: [] }]])
  return allowedForms(row, output, rewriting, { histories, journal: new Map() }).forms
}

test('an event from before a renewal under a wider notice has the form of the notice before', () => {
  const rose = { noticeBefore: 1 }
  expect(formsUnder({ ...rose, noticeSinceMs: 2000 })).toEqual([rewriting.granted(row, grant, 2)])
  expect(formsUnder({ ...rose, noticeSinceMs: 2001 })).toEqual([rewriting.granted(row, grant, 1)])
  expect(rewriting.granted(row, grant, 1)).not.toEqual(rewriting.granted(row, grant, 2))
})

test('an event at or after the end of a grant is stripped', () => {
  expect(formsUnder({ untilMs: 2002 })).toEqual([rewriting.granted(row, grant, 2)])
  expect(formsUnder({ untilMs: 2000 })).toEqual([rewriting.stripped(row)])
})
