import { setImmediate } from 'node:timers/promises'
import { audit } from './audit.ts'
import { EvidenceError } from './evidence.ts'
import { gather } from './gather.ts'
import { Cluster } from './kafka/cluster.ts'
import { LogReader } from './kafka/log-reader.ts'
import { Registry } from './registry.ts'
import { readSettings } from './settings.ts'
import { sumOf } from './sum.ts'

/**
 * Audits a live system, started by `weir audit`. Standard output is NDJSON: `progress` about each second, a `violation`
 * each, `sum` last. Exits with 0 (nothing is violated), 20 (something is), 2 (settings), 4 (something can't be had).
 */
const TRANSACTION_TIMEOUT_MS = 5_000
const DEFAULT_SWEEP_MS = 10_000
const PROGRESS_EVERY_MS = 1_000

const say = (record: object) => process.stdout.write(`${JSON.stringify(record)}\n`)
let saidMs = performance.now()
const progress = (what: string, done: number, total: number) => {
  if (performance.now() - saidMs < PROGRESS_EVERY_MS) return
  saidMs = performance.now()
  say({ kind: 'progress', what, done, total })
}

// Whoever started us is gone: nobody reads what we find.
if (process.env['WEIR_PARENT_PIPE'] === '1') process.stdin.on('end', () => process.exit(130)).resume()
process.on('SIGINT', () => process.exit(130))

try {
  const settings = readSettings(process.env, process.argv.slice(2))
  const cluster = await Cluster.connect(settings.kafka)
  const reader = new LogReader(cluster, (topic, done, total) => progress(`reading ${topic}`, done, total))
  const sweepMs = (await cluster.sweepMs()) ?? DEFAULT_SWEEP_MS
  const registry = new Registry(settings.registryUrl)
  const { namespace } = settings
  const given = { ...settings, commitBoundMs: TRANSACTION_TIMEOUT_MS + sweepMs }
  const evidence = await gather({ reader, registry, namespace, given })
  await cluster.close()
  let told = 0
  const report = await audit(evidence, async (done, chunks, { findings }) => {
    for (const finding of findings.slice(told)) say({ kind: 'violation', ...finding })
    told = findings.length
    progress('judging chunks', done, chunks)
    // Signals and the parent's end are heard between chunks.
    await setImmediate()
  })
  for (const finding of report.findings.slice(told)) say({ kind: 'violation', ...finding })
  say({ kind: 'sum', ...sumOf(report) })
  process.exitCode = report.findings.length === 0 ? 0 : 20
} catch (error) {
  if (!(error instanceof EvidenceError)) throw error
  process.stderr.write(`${error.code}: ${error.message}\n`)
  process.exitCode = 4
}
process.stdin.pause()
