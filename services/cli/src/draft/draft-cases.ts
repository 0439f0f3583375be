import type { Contracts, Output, Stream } from '@weir/contracts'
import { stringify } from 'yaml'
import { withPseudonyms } from '../cases/compare-events.ts'
import { EventPass } from '../cases/pass-event.ts'
import { avroType } from '../events/avro-type.ts'
import { plain } from '../events/plain.ts'
import { sample } from '../events/sample.ts'

/** First cases of a new stream, true of its draft. */
export function draftCases(contracts: Contracts, stream: Stream, { purpose, topic }: Output): string {
  const event = sample(avroType(stream.rawSchema), stream.name, 'plain')
  const consent = new Map([
    [purpose.name, { status: 'granted', notice: purpose.notice, since: 'before-event', until: 'ahead' } as const],
  ])
  const passed = new EventPass(contracts, stream).pass(event, consent, new Map())
  const found = 'outputs' in passed ? passed.outputs.find((one) => one.output.topic === topic) : undefined
  const clean = found === undefined ? null : plain(avroType(found.output.cleanSchema), found.event)
  const cases = [
    { name: 'without a grant nothing is published', event: {}, expect: { [purpose.name]: 'withheld' } },
    {
      name: 'with a grant nothing personal is published',
      event: {},
      consent: { [purpose.name]: { notice: purpose.notice } },
      expect: { [purpose.name]: withoutNulls(withPseudonyms(clean)) },
    },
  ]
  return `# What an event and a person's answers give. Run by \`weir policy test ${stream.name}\`.\n${stringify(cases)}`
}

/** What is not written in a case is null. */
function withoutNulls(written: unknown): unknown {
  if (Array.isArray(written)) return written.map(withoutNulls)
  if (typeof written !== 'object' || written === null) return written
  return Object.fromEntries(
    Object.entries(written).flatMap(([key, value]) => (value === null ? [] : [[key, withoutNulls(value)] as const])),
  )
}
