import type { Shopper, Shoppers } from '@weir/test/workload/shoppers.ts'
import type { Journal } from './journal.ts'

/** So many people decide at once. */
const AT_ONCE = 32

/** Everyone decides as W1 has it, before the first event. Resolves with the number of decisions, all in force. */
export async function firstGrants(shoppers: Shoppers, purposes: readonly string[], journal: Journal): Promise<number> {
  const people = shoppers.all.filter((shopper) => shopper.consent !== 'none').values()
  const before = journal.entries.length
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      // One iterator for all of them: each takes the next person.
      for (const shopper of people) await decideFirst(shopper, purposes, journal)
    }),
  )
  return journal.entries.length - before
}

async function decideFirst(shopper: Shopper, purposes: readonly string[], journal: Journal): Promise<void> {
  const subject = { kind: 'user', id: shopper.subjectId } as const
  await journal.decideFirst('grant', subject, shopper.purposes)
  if (shopper.consent === 'withdrawn') await journal.decideFirst('withdraw', subject, shopper.purposes)
  const device = shopper.devices[0]
  if (shopper.role === 'refuses-on-a-device' && device !== undefined) {
    await journal.decideFirst('withdraw', { kind: 'device', id: device }, purposes)
  }
}
