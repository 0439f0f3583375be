// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the code that is replaced has templates
import { type Mutant, mutantsOf } from './mutant.ts'

const src = 'services/sanitizer/src'
const pipeline = [
  `${src}/pipeline.test.ts`,
  `${src}/rewrite.test.ts`,
  `${src}/branch-rules.test.ts`,
  `${src}/whose-consent.test.ts`,
]
const decide = mutantsOf(`${src}/decide.ts`, pipeline)
const locate = mutantsOf(`${src}/locate.ts`, pipeline)
const refTable = mutantsOf(`${src}/ref-table.ts`, [`${src}/ref-table.test.ts`, ...pipeline])
const publish = mutantsOf(`${src}/publish.ts`, pipeline)
const writeOutput = mutantsOf(`${src}/write-output.ts`, pipeline)
const rewrite = mutantsOf(`${src}/rewrite.ts`, pipeline)
const schemas = mutantsOf(`${src}/writer-schemas.ts`, pipeline)
const leaves = mutantsOf(`${src}/leaf-pseudonyms.ts`, pipeline)
const visibleTime = mutantsOf(`${src}/visible-time.ts`, [`${src}/visible-time.test.ts`])
const purposeRule = mutantsOf(`${src}/purpose-rule.ts`, [`${src}/purpose-rule.test.ts`])
const ownOrder = mutantsOf(`${src}/own-order.ts`, [`${src}/own-order.test.ts`])
const quarantine = mutantsOf(`${src}/quarantine.ts`, [`${src}/quarantine.test.ts`])

/** What becomes of a row: whose it is, what is decided of it, how it leaves. */
export const SANITIZER: readonly Mutant[] = [
  locate.leak(
    'an event may have happened after it was appended',
    'Math.min(event.eventTimeMs, rows.timestampMs[row] as number)',
    'event.eventTimeMs',
  ),
  locate.leak(
    'the own signal of an event with a device is lost',
    'event.ownSignal ? 1 : 0',
    'event.ownSignal && deviceStart < 0 ? 1 : 0',
  ),
  locate.leak('a record need not have a key', 'return start >= 0 && sameBytes', 'return start < 0 || sameBytes'),
  locate.leak(
    'the device is looked up as if it were a user',
    "refs.indexOf('device', source",
    "refs.indexOf('user', source",
  ),
  refTable.leak(
    'an id that another one begins with is the same',
    'if (end - start !== otherEnd - otherStart) return false',
    'if (end - start > otherEnd - otherStart) return false',
  ),
  refTable.leak(
    'two ids of one hash are one person',
    ' && this.#isAt(index, source, start, end))',
    ' && this.#ends[index] as number > 0)',
  ),
  decide.leak(
    "a device's refusal is not looked at",
    'return decidePurpose(\n    rule,\n    looked.states[located.subject[row] as number] ?? null,\n    looked.states[located.device[row] as number] ?? null,',
    'return decidePurpose(\n    rule,\n    looked.states[located.subject[row] as number] ?? null,\n    null,',
  ),
  decide.leak(
    'what the device granted lets sensitive values of a person pass',
    'sensitiveAllowed(\n    rule,\n    looked.states[located.subject[row] as number] ?? null,',
    'sensitiveAllowed(\n    rule,\n    looked.states[located.device[row] as number] ?? looked.states[located.subject[row] as number] ?? null,',
  ),
  decide.leak(
    'one purpose decides for all',
    'branch[row] = decideRow(env, located, looked, row, output)',
    'branch[row] = decideRow(env, located, looked, row, 0)',
  ),
  decide.leak(
    'one purpose decides on the sensitive values of all',
    'passes[row] = sensitiveOfRow(env, located, looked, row, output)',
    'passes[row] = sensitiveOfRow(env, located, looked, row, 0)',
  ),
  publish.leak(
    'a chunk is published though consent can not be checked again',
    'return env.consent.fence(decided.looked)',
    "const fence = await env.consent.fence(decided.looked); return fence.kind === 'held' ? { kind: 'clear', at: { tickTimeMs: env.consent.tickTimeMs, partitions: [] } } : fence",
  ),
  publish.leak(
    'a device that refuses meanwhile is not seen',
    'if (!changed.has(subject) && !changed.has(located.device[row] as number)) continue',
    'if (!changed.has(subject)) continue',
  ),
  publish.leak(
    'what was decided is compared with itself',
    'if (decideRow(env, located, now, row, output) !== before)',
    'if (decideRow(env, located, looked, row, output) !== before)',
  ),
  publish.leak(
    'sensitive values that may not pass any more still do',
    'sensitiveOfRow(env, located, now, row, output) !== (sensitive[output] as Uint8Array)[row]',
    'sensitiveOfRow(env, located, now, row, output) > Number((sensitive[output] as Uint8Array)[row])',
  ),
  publish.leak(
    'records go out under the pseudonym of a grant that ended meanwhile',
    'was?.salt !== is?.salt || was?.epoch',
    'was?.epoch',
  ),
  writeOutput.leak(
    'a stripped record has the key of its person',
    'decision === STRIPPED ? -1 : (located.subject[row] as number)',
    'located.subject[row] as number',
  ),
  writeOutput.leak(
    'a stripped record has the time that a granted one shows',
    'decision === STRIPPED ? otherwiseTime : (grantedTime[decision]',
    'decision === STRIPPED && grantedTime.length === 0 ? otherwiseTime : (grantedTime[Math.max(decision, 0)]',
  ),
  writeOutput.leak(
    'an event that a branch does not show leaves an empty record',
    'if (!isWritten) {\n      batch.drop()',
    'if (!isWritten) {\n      batch.close()',
  ),
  writeOutput.leak(
    'a row that can not be read goes out with the values of another',
    '    if (fault[row] !== FAULT.none) continue\n',
    '',
  ),
  writeOutput.leak(
    'sensitive values pass in every granted record',
    'this.#sensitive[row] === 1,',
    'this.#sensitive[row] === 1 || decision >= 0,',
  ),
  rewrite.leak(
    'a record that is too large for one purpose goes out for the others',
    'read.fault.includes(FAULT.tooLarge) ? await write() : written',
    'written',
  ),
  schemas.leak(
    'the newest policy is taken, whatever was decided',
    'schema.granted[output]?.[decision]',
    'schema.granted[output]?.at(-1)',
  ),
  schemas.leak('all leaves of a stream have one domain', 'fieldDomain(name, leaf)', "fieldDomain(name, '')"),
  schemas.leak(
    'what is remembered of one leaf is taken for another',
    'this.#memories.get(leaf) ??',
    'this.#memories.values().next().value ??',
  ),
  leaves.leak(
    'the subject leaf shows half of the pseudonym: it differs from the key',
    'return grant.subject.length',
    'return grant.subject.length / 2',
  ),
  visibleTime.leak(
    'the hour of an event is shown to the minute',
    'return cut(eventTimeMs, HOUR_MS)',
    'return cut(eventTimeMs, HOUR_MS / 60)',
  ),
  visibleTime.leak(
    'a hidden event time is shown by the hour',
    'return cut(processingTimeMs, HOUR_MS)',
    'return cut(eventTimeMs + 0 * processingTimeMs, HOUR_MS)',
  ),
  visibleTime.leak(
    'a verb that hides the time shows it exactly',
    "(SHOWN[leaf.verb.kind] ?? 'hidden')",
    "(SHOWN[leaf.verb.kind] ?? 'exactly')",
  ),
  visibleTime.leak(
    'the month of an event is shown to the day',
    'date.getUTCMonth())',
    'date.getUTCMonth(), date.getUTCDate())',
  ),
  purposeRule.leak(
    'an own signal denies only what stands on consent',
    "gpcDenies: purpose.gpc === 'denies'",
    "gpcDenies: purpose.gpc === 'denies' && purpose.basis === 'consent'",
  ),
  purposeRule.leak(
    'only the first purpose that a policy needs is kept',
    '(policies[0]?.needs ?? []).map(needed)',
    '(policies[0]?.needs ?? []).slice(0, 1).map(needed)',
  ),
  ownOrder.leak('granted rows leave in the order in which they came', '  order.sort()\n', ''),
  ownOrder.leak(
    'stripped rows leave in the order in which they came',
    'const other = random.below(left + 1)',
    'const other = left + random.below(1)',
  ),
  quarantine.leak(
    'the key of a quarantined record is the raw one',
    'builder.append(this.#env.clock.nowMs(), null, sealed',
    'builder.append(this.#env.clock.nowMs(), slice(rows.source[row] as Buffer, rows.keyStart[row] as number, rows.keyEnd[row] as number), sealed',
  ),
  quarantine.leak(
    'the reason of a quarantined record tells how long it was',
    'words,',
    'words: `${words} (${rows.valueEnd[row]})`,',
  ),
  quarantine.leak(
    'a quarantined record has the time of the raw one',
    'builder.append(this.#env.clock.nowMs(), null',
    'builder.append(rows.timestampMs[row] as number, null',
  ),
  writeOutput.unchanged(
    'a time that no policy has stands for the otherwise branch',
    "decision === STRIPPED ? otherwiseTime : (grantedTime[decision] ?? 'hidden')",
    'grantedTime[decision] ?? otherwiseTime',
  ),
  refTable.unchanged("users' and devices' ids hash alike", "kind === 'user' ? 1 : 2", "kind === 'user' ? 1 : 1"),
]
