import { resolve } from 'node:path'

/** Who and what a simulated Weir works for: as few of each as have every case. */
export const SETTING = {
  contractFolder: resolve(import.meta.dirname, 'contract'),
  stream: 'visits',
  purposes: ['ads', 'stats', 'offers'],
  /** Notices in force, by purpose. */
  notices: { ads: [1, 2], stats: [1], offers: [1] },
  /** `grantLasts` of ads in ms: by an earlier `decidedAt` a grant of it runs out soon. */
  adsLastMs: 3_600_000,
  namespace: '',
  rawTopic: 'visits.raw',
  quarantineTopic: 'visits.quarantine',
  /** By purpose. */
  cleanTopics: { ads: 'visits.ads', stats: 'visits.stats', offers: 'visits.offers' },
  rawPartitions: 2,
  users: ['ann', 'ben', 'cem'],
  devices: ['phone', 'tablet'],
  rootKey: Buffer.alloc(32, 0x52),
  rootKeyEpoch: 1,
  referenceKey: Buffer.alloc(32, 0x46),
  /** Ids of the registry's schemas: the raw one, and by purpose the clean ones. */
  rawSchemaId: 1,
  cleanSchemaIds: { ads: 2, stats: 3, offers: 4 },
} as const

export type PurposeName = (typeof SETTING.purposes)[number]

/** The raw partition of a user's events: two of them share one. */
export function rawPartitionOf(user: number): number {
  return user % SETTING.rawPartitions
}
