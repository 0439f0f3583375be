import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SubjectRef } from '@weir/consent'
import type { Evidence } from '@weir/service-auditor/src/evidence.ts'
import { gather } from '@weir/service-auditor/src/gather.ts'
import { Cluster } from '@weir/service-auditor/src/kafka/cluster.ts'
import { LogReader } from '@weir/service-auditor/src/kafka/log-reader.ts'
import { Registry } from '@weir/service-auditor/src/registry.ts'
import { readSettings } from '@weir/service-auditor/src/settings.ts'
import { LedgerWriter } from '../support/ledger.ts'
import type { Weir } from '../support/weir.ts'
import { weirCli } from '../support/weir-cli.ts'

/** The first 16 bytes of HMAC-SHA-256(reference key, kind ‖ 0 ‖ id), as hex. */
function refOf(weir: Weir, kind: 'user' | 'device', id: string): SubjectRef {
  const key = readFileSync(join(weir.folder, 'reference.key'))
  return createHmac('sha256', key).update(`${kind}\0${id}`).digest('hex').slice(0, 32) as SubjectRef
}

/**
 * A run with everything that consent can do while events flow: grants under an older and the newer notice, a withdrawal, a
 * grant after it, a device that is linked and refuses, people who never answered, and records that can't be processed.
 */
export async function runEverything(weir: Weir): Promise<void> {
  const purposes = ['personalization', 'analytics', 'marketing']
  const people = ['older-notice', 'newer-notice', 'withdrawer', 'again', 'late', 'linked', 'nobody']
  const round = async (name: string, compression: 'snappy' | 'lz4' | 'zstd') => {
    const records = people.flatMap((person) =>
      [1, 2, 3].map((i) => ({
        key: person,
        value: weir.event(person, {
          product: { sku: `${name}-${i}`, category: name, priceCents: 100 * i, currency: 'EUR' },
          geo: { country: 'DE', region: 'HH', city: 'Hamburg', latitude: 53.5, longitude: 10 },
          searchQuery: 'a rare query',
          deviceId: person === 'linked' ? 'a-device' : null,
        }),
      })),
    )
    await weir.publish([...records, { key: 'nobody', value: Buffer.from('no event') }], { compression })
    await weir.drained()
  }
  const olderNotice = { personalization: 1 }
  await weir.api('POST', '/v1/decisions', {
    decisionId: crypto.randomUUID(),
    subject: { kind: 'user', id: 'older-notice' },
    kind: 'grant',
    purposes: ['personalization'],
    notice: olderNotice,
  })
  const grantAll = (subjects: readonly string[]) =>
    Promise.all(subjects.map((subject) => weir.decide({ subject, kind: 'grant', purposes })))
  await grantAll(['newer-notice', 'withdrawer', 'again', 'linked'])
  await round('one', 'snappy')
  await Promise.all([
    weir.decide({ subject: 'withdrawer', kind: 'withdraw', purposes }),
    weir.decide({ subject: 'again', kind: 'withdraw', purposes: ['personalization'] }),
    weir.decide({ subject: 'a-device', subjectKind: 'device', kind: 'withdraw', purposes: ['analytics'] }),
  ])
  const ledger = await LedgerWriter.open(weir)
  await ledger.decide(refOf(weir, 'device', 'a-device'), 'link', {
    purposes: [],
    notices: [],
    untilMs: [],
    linkedTo: refOf(weir, 'user', 'linked'),
  })
  await ledger.close()
  await round('two', 'lz4')
  await grantAll(['again', 'late'])
  await round('three', 'zstd')
}

/** All of it once more, into topics of their own, with today's consent. */
export async function replayEverything(weir: Weir): Promise<void> {
  const plan = join(weir.folder, 'plan.json')
  for (const args of [
    ['plan', '--out', plan],
    ['run', plan, '--execute'],
  ]) {
    const { exit, said } = await weirCli(['replay', ...args], weir.env)
    if (exit !== 0) throw new Error(said)
  }
}

/** What `weir audit` would judge, read from the live topics. */
export async function evidenceOf(weir: Weir): Promise<Evidence> {
  const settings = readSettings(weir.env, [])
  const cluster = await Cluster.connect(settings.kafka)
  try {
    const registry = new Registry(settings.registryUrl)
    const reader = new LogReader(cluster, () => {})
    const { namespace } = settings
    return await gather({ reader, registry, namespace, given: { ...settings, commitBoundMs: 15_000 } })
  } finally {
    await cluster.close()
  }
}
