import { ContractError } from './error.ts'
import { type EventSchema, readEventSchema } from './event-schema.ts'
import { Faults } from './faults.ts'
import { EVENT_FILE, type StreamFiles, streamFiles } from './folder-files.ts'
import { readListFile } from './list-file.ts'
import { FILE_START } from './located.ts'
import type { Contracts, Stream } from './model.ts'
import { nearest } from './nearest.ts'
import { checkNeeds, neededBy } from './needs-check.ts'
import { checkTogether, outputOf } from './outputs.ts'
import { type PolicyFile, readPolicy } from './policy-file.ts'
import { noPurposes, PURPOSES_FILE, type PurposeEntry, readPurposes } from './purposes-file.ts'
import { checkTopics } from './topic-check.ts'
import type { ReadList } from './verbs.ts'

/** One stream, read but not yet put together. */
interface ReadStream {
  readonly name: string
  readonly rawTopic: string
  readonly schema: EventSchema | null
  readonly policies: readonly PolicyFile[]
}

/**
 * Reads a whole contract from its texts, by path inside the folder (forward slashes). Pure. Throws one ContractError
 * with every fault that it finds.
 */
export function contractsOf(files: ReadonlyMap<string, string>, folder = ''): Contracts {
  const faults = new Faults()
  const purposesText = files.get(PURPOSES_FILE)
  if (purposesText === undefined) throw new ContractError(folder, [noPurposes])
  const { entries, names } = readPurposes(purposesText, faults.in(PURPOSES_FILE))
  const found = streamFiles([...files.keys()], faults)
  if (found.length === 0) {
    const mend = `Make a folder for each stream, with ${EVENT_FILE} and policies`
    faults.in(PURPOSES_FILE).add(FILE_START, 'WEIR_CONTRACT_MISSING_FILE', 'there are no streams', mend)
  }
  const readList = listReader(files, faults)
  const streams = found.map((stream) => readStream(stream, files, readList, faults))
  const readFiles = streams.flatMap((stream) => stream.policies)
  checkNeeds(readFiles, names, faults)
  checkPurposes(entries, names, found, readFiles, faults)
  checkTopics(streams, faults)
  for (const stream of streams) {
    for (const group of byPurpose(stream.policies).values()) checkTogether(stream.name, group, stream.schema, faults)
  }
  if (faults.count > 0) throw new ContractError(folder, faults.sorted())
  const purposes = entries.map((entry) => entry.purpose)
  return { folder, purposes, streams: streams.map((stream) => streamOf(stream, entries)) }
}

function readStream(
  found: StreamFiles,
  files: ReadonlyMap<string, string>,
  readList: ReadList,
  faults: Faults,
): ReadStream {
  const eventFile = `${found.name}/${EVENT_FILE}`
  const text = files.get(eventFile)
  if (text === undefined) {
    const what = `the stream "${found.name}" has no ${EVENT_FILE}`
    faults.in(eventFile).add(FILE_START, 'WEIR_CONTRACT_MISSING_FILE', what, 'Put its raw Avro schema there')
  }
  const schema = text === undefined ? null : readEventSchema(text, faults.in(eventFile))
  const rawTopic = `${found.name}.raw`
  const policies = found.policies.map(({ file, purpose, notice }) => {
    const context = { stream: found.name, rawTopic, purpose, notice, schema, readList }
    return readPolicy(files.get(file) ?? '', context, faults.in(file))
  })
  return { name: found.name, rawTopic, schema, policies: policies.filter((policy) => policy !== null) }
}

/** Reads each list once, however many policies name it. */
function listReader(files: ReadonlyMap<string, string>, faults: Faults): ReadList {
  const read = new Map<string, ReadonlySet<string>>()
  return (file) => {
    const known = read.get(file)
    if (known !== undefined) return known
    const text = files.get(file)
    if (text === undefined) {
      const like = nearest(
        file,
        [...files.keys()].filter((name) => name.startsWith('lists/')),
      )
      const mend =
        like === null ? 'Lists are .txt files below lists/, named from the contract folder' : `Did you mean ${like}?`
      return { code: 'WEIR_CONTRACT_MISSING_FILE', what: `there is no list ${file}`, mend }
    }
    const values = readListFile(text, faults.in(file)) ?? new Set<string>()
    read.set(file, values)
    return values
  }
}

function checkPurposes(
  entries: readonly PurposeEntry[],
  names: readonly string[],
  streams: readonly StreamFiles[],
  read: readonly PolicyFile[],
  faults: Faults,
): void {
  const policies = streams.flatMap((stream) => stream.policies)
  // What a policy with faults needs is not known.
  const needed = read.length < policies.length ? new Set(names) : neededBy(read)
  for (const { file, purpose } of policies) {
    if (names.includes(purpose)) continue
    const like = nearest(purpose, names)
    const mend = like === null ? `Purposes are: ${names.join(', ')}` : `Did you mean "${like}"?`
    faults
      .in(file)
      .add(FILE_START, 'WEIR_CONTRACT_UNKNOWN_PURPOSE', `${PURPOSES_FILE} has no purpose "${purpose}"`, mend)
  }
  const report = faults.in(PURPOSES_FILE)
  for (const { purpose, line, column, noticeSpot } of entries) {
    const notices = policies.filter((policy) => policy.purpose === purpose.name).map((policy) => policy.notice)
    const newest = Math.max(...notices)
    if (notices.length === 0) {
      if (needed.has(purpose.name)) continue
      const mend = `Add <stream>/${purpose.name}.${purpose.notice}.yaml, let a policy need it, or take the purpose out`
      report.add({ line, column }, 'WEIR_CONTRACT_MISSING_FILE', `no policy says what "${purpose.name}" may see`, mend)
    } else if (newest !== purpose.notice) {
      const what = `the notice of "${purpose.name}" is ${purpose.notice}, but its newest policy is for ${newest}`
      const mend = `Write "notice: ${newest}", or add the policy for ${purpose.notice}`
      report.add(noticeSpot, 'WEIR_CONTRACT_NOTICE', what, mend)
    }
  }
}

function byPurpose(policies: readonly PolicyFile[]): Map<string, PolicyFile[]> {
  return Map.groupBy(policies, (policy) => policy.purpose)
}

function streamOf(stream: ReadStream, entries: readonly PurposeEntry[]): Stream {
  const { schema, name, rawTopic } = stream
  const subject = schema?.steering.subject[0]
  const eventTime = schema?.steering['event-time'][0]
  if (schema === null || subject === undefined || eventTime === undefined)
    throw new Error('a stream with faults got through')
  const groups = byPurpose(stream.policies)
  const outputs = entries.map(({ purpose }) => outputOf(name, purpose, groups.get(purpose.name) ?? [], schema))
  return {
    name,
    rawTopic,
    quarantineTopic: `${name}.quarantine`,
    rawSchema: schema.json,
    subject: subject.raw.path,
    device: schema.steering.device[0]?.raw.path ?? null,
    eventTime: eventTime.raw.path,
    ownSignals: schema.steering['own-signal'].map((leaf) => leaf.raw.path),
    leaves: schema.leaves.map((leaf) => leaf.raw),
    outputs: outputs.filter((output) => output !== null),
  }
}
