import type { Finding, Report } from './findings.ts'
import { namespaceOf } from './topics.ts'
import type { Audited, Workshop } from './workshop.ts'

/** A sanitizer decides by no consent whose age it can't prove to be below this (ms). */
const FRESHNESS_MS = 2_000

type Wrong = Pick<Finding, 'expected' | 'found'> & { readonly what?: Finding['what'] }

/** What an audit record says of itself and can't be so: else it could excuse whatever its transaction wrote. */
export function judgeClaims(shop: Workshop, audited: Audited, report: Report): void {
  const wrong = [...wrongPlaces(shop, audited), ...wrongRanges(shop, audited), ...wrongConsent(shop, audited)]
  const { partition, offset } = audited
  const { topic } = shop.evidence.audit
  for (const { what = 'wrong-audit-record', expected, found } of wrong) {
    const promise = what === 'stale-consent' ? 6 : 8
    report.findings.push({
      promise,
      what,
      purpose: null,
      topic,
      partition,
      offset,
      raw: null,
      leaves: [],
      expected,
      found,
    })
  }
}

/** Where it took rows from and put them, by stream and kind. */
function* wrongPlaces(shop: Workshop, { chunk }: Audited): Generator<Wrong> {
  const { stream: name, kind, source, outputs } = chunk
  const namespace = namespaceOf(shop.evidence)
  const right = `${namespace}${name}.${kind === 'redrive' ? 'quarantine' : 'raw'}`
  if (source !== right) yield { expected: `rows of ${right}`, found: 'another source' }
  const stream = shop.toolsFor(chunk)?.stream
  if (stream === undefined) {
    if (shop.evidence.contracts.has(chunk.contract))
      yield { expected: 'a stream of the contract', found: 'another one' }
    return
  }
  for (const { purpose, topic } of outputs) {
    const to = stream.outputs.get(purpose)?.to
    if (to === undefined) continue
    const live = `${namespace}${to}`
    const isReplayed =
      kind === 'replay' && topic.startsWith(live) && /^\.replay-[0-9a-f]{8}$/.test(topic.slice(live.length))
    if (topic !== live && !isReplayed) yield { expected: `${purpose} in ${live}`, found: 'another topic' }
  }
  const said = new Set(outputs.map(({ purpose }) => purpose))
  if (said.size < outputs.length) yield { expected: 'each purpose once', found: 'one twice' }
  const left = [...stream.outputs.keys()].filter((purpose) => !said.has(purpose))
  // A replay is of the purposes that its plan names.
  if (kind !== 'replay' && left.length > 0)
    yield { expected: 'all purposes of the contract', found: `no ${left.join(', ')}` }
}

/** Ranges of a log that has them. One that is missing as a whole has expired. */
function* wrongRanges(shop: Workshop, { chunk }: Audited): Generator<Wrong> {
  const log = shop.evidence.topics.get(chunk.source)
  for (const { partition, from, to } of chunk.ranges) {
    if (!(from >= 0 && from <= to)) yield { expected: 'a range from lower to higher', found: `${from} to ${to}` }
    if (log === undefined) continue
    const place = log.partitions[partition]
    if (place === undefined) yield { expected: `a partition of ${chunk.source}`, found: `${partition}` }
    else if (to > place.end) yield { expected: `offsets up to ${place.end} of partition ${partition}`, found: `${to}` }
  }
}

/** Positions and tick times that there were when it was written. */
function* wrongConsent(shop: Workshop, { chunk: { consent, tickTimeMs }, appendMs }: Audited): Generator<Wrong> {
  const { ledger, commitBoundMs } = shop.evidence
  for (const { partition, ledgerPosition } of consent) {
    const end = ledger.partitions[partition]?.end
    if (end === undefined) yield { expected: 'partitions of the ledger', found: `${partition}` }
    else if (ledgerPosition > end)
      yield { expected: `consent partition ${partition} up to ${end}`, found: `${ledgerPosition}` }
  }
  // Who looks nobody up needs no ticks.
  if (consent.length === 0) return
  if (tickTimeMs < appendMs - commitBoundMs - FRESHNESS_MS)
    yield {
      what: 'stale-consent',
      expected: 'the time of a fresh tick',
      found: `one of ${appendMs - tickTimeMs} ms before`,
    }
  if (tickTimeMs > appendMs + commitBoundMs)
    yield { expected: 'the time of a tick before it', found: `one of ${tickTimeMs - appendMs} ms after` }
}
