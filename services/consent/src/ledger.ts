import { encodeLedger, ledgerKey } from '@weir/consent'
import { type Appender, partitionOf } from '@weir/kafka'
import type { Ledger } from './environment.ts'

export interface LedgerOptions {
  readonly appender: Pick<Appender, 'append'>
  /** Full name of `consent.decisions`. */
  readonly topic: string
  readonly partitions: number
  readonly randomBytes: (count: number) => Uint8Array
}

/** The ledger as this service writes it: one record a decision, in the partition of its ref. */
export function ledgerOf({ appender, topic, partitions, randomBytes }: LedgerOptions): Ledger {
  return {
    async append(decision, refBytes, traceparent) {
      const partition = partitionOf(refBytes, partitions)
      const key = ledgerKey(decision.ref, randomBytes(16))
      const value = encodeLedger({ kind: 'decision', decision })
      const headers = traceparent === null ? {} : { headers: { traceparent } }
      const [offset] = await appender.append(topic, [{ key, value, partition, ...headers }])
      if (offset === undefined) throw new Error('the appender gave no offset for a record')
      return { partition, offset }
    },
  }
}
