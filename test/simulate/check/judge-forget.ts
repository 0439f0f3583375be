import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import avro from 'avsc'
import { SubjectKeys } from './forms.ts'
import type { Consent } from './histories.ts'
import { nameOf } from './rows.ts'
import type { Seen, Violation } from './seen.ts'

const schema = resolve(import.meta.dirname, '../../../libs/consent/schemas/forget.json')
const type = avro.Type.forSchema(JSON.parse(readFileSync(schema, 'utf8')) as avro.Schema)

/** Each grant that ended has its pseudonym ordered forgotten, once. */
export function judgeForget(seen: Seen, consent: Consent): Violation[] {
  const found = new Map<string, number>()
  for (const { value } of seen.forget) {
    // Behind the version byte.
    const { purpose, epoch, pseudonym, reason } = type.fromBuffer(value?.subarray(1) ?? Buffer.alloc(0))
    const name = `${purpose} ${epoch}.${Buffer.from(pseudonym).toString('hex')} ${reason}`
    found.set(name, (found.get(name) ?? 0) + 1)
  }
  const violations: Violation[] = []
  const wrong = (words: string) => violations.push({ kind: 'wrong forget', words })
  for (const { ref, name } of endedGrants(consent)) {
    const times = found.get(name) ?? 0
    found.delete(name)
    if (times !== 1) wrong(`${nameOf(ref)}: ${times} orders to forget ${name}, where there must be one`)
  }
  for (const [name, times] of found) wrong(`${times} orders to forget ${name}, which is no grant that ended`)
  return violations
}

/** Those whose end has been written: the orders come in the same transaction. */
function endedGrants({ versions }: Consent): { readonly ref: string; readonly name: string }[] {
  const keys = new SubjectKeys()
  const ended: { ref: string; name: string }[] = []
  for (const [ref, own] of versions) {
    for (const [i, { holds, visibleAtMs }] of own.entries()) {
      if (visibleAtMs === Number.POSITIVE_INFINITY) continue
      for (const [purpose, { salt, epoch }] of own[i - 1]?.holds ?? []) {
        const after = holds.get(purpose)
        if (salt === null || after?.salt === salt) continue
        // A new grant, or being told, after the old one had run out.
        const status = after?.status ?? ''
        const reason = status === 'granted' || status === 'notified' ? 'expired' : status
        ended.push({ ref, name: `${purpose} ${keys.of(purpose, { epoch, salt }, ref)} ${reason}` })
      }
    }
  }
  return ended
}
