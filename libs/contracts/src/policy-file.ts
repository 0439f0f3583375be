import { type Condition, readConditions } from './conditions.ts'
import type { FileFaults } from './faults.ts'
import { type Found, Keys } from './keys.ts'
import { keyNames } from './language-key.ts'
import { policyKeys } from './language-keys.ts'
import { parseYaml, type Spot } from './located.ts'
import { isPurpose, isTopic } from './names.ts'
import { type OnlyLines, readBranch, readOnly } from './policy-branch.ts'
import type { LineContext, NamedLeaf } from './policy-line.ts'
import { readSensitive, type SensitiveLine } from './sensitive.ts'

/** One policy file, `<stream>/<purpose>.<notice>.yaml`, read and checked on its own. */
export interface PolicyFile {
  readonly file: string
  readonly purpose: string
  readonly notice: number
  readonly to: Found<string>
  readonly retentionMs: Found<number>
  readonly recipients: Found<readonly string[]>
  readonly needs: Found<readonly string[]>
  readonly events: readonly Condition[]
  readonly granted: readonly NamedLeaf[]
  readonly only: readonly OnlyLines[]
  readonly otherwise: readonly NamedLeaf[] | null
  readonly sensitive: SensitiveLine | null
}

export interface PolicyContext extends LineContext {
  readonly stream: string
  readonly rawTopic: string
  /** From the file's name. */
  readonly purpose: string
  readonly notice: number
}

const KNOWN = keyNames(policyKeys)

/** Null when something is wrong with it; the faults say what. */
export function readPolicy(text: string, context: PolicyContext, faults: FileFaults): PolicyFile | null {
  const root = parseYaml(text, faults)
  if (root === null) return null
  if (root.kind !== 'map') {
    faults.add(root, 'WEIR_CONTRACT_BAD_VALUE', 'this is no policy', `Write these keys: ${KNOWN.join(', ')}`)
    return null
  }
  const keys = new Keys(root, faults, KNOWN)
  checkAgainstFileName(keys, context, faults)
  checkFrom(keys, context, faults)
  const to = readTo(keys, faults)
  const retention = keys.duration('retention')
  const recipients = readRecipients(keys, faults)
  const needs = readNeeds(keys, root)
  const events = readEvents(keys, context, faults)
  const granted = readBranch(keys, 'granted', context, faults)
  const onlyFound = keys.has('only') ? keys.raw('only') : null
  const only = onlyFound === null ? [] : readOnly(onlyFound.value, granted ?? [], context, faults)
  const otherwise = keys.has('otherwise') ? readBranch(keys, 'otherwise', context, faults) : null
  const sensitive = keys.has('sensitive') ? readSensitive(keys.raw('sensitive'), context, faults) : null
  if (to === null || retention === null || retention.value === null || recipients === null || needs === null)
    return null
  if (granted === null) return null
  const { purpose, notice } = context
  const retentionMs = { ...retention, value: retention.value }
  return {
    file: faults.file,
    purpose,
    notice,
    to,
    retentionMs,
    recipients,
    needs,
    events,
    granted,
    only,
    otherwise,
    sensitive,
  }
}

function checkAgainstFileName(keys: Keys, context: PolicyContext, faults: FileFaults): void {
  const purpose = keys.text('purpose')
  if (purpose !== null && purpose.value !== context.purpose) {
    const what = `"purpose" is "${purpose.value}", but the file is named for "${context.purpose}"`
    faults.add(purpose, 'WEIR_CONTRACT_FILE_NAME', what, 'Make them equal')
  }
  const notice = keys.count('notice')
  if (notice !== null && notice.value !== context.notice) {
    const what = `"notice" is ${notice.value}, but the file is named for ${context.notice}`
    faults.add(notice, 'WEIR_CONTRACT_FILE_NAME', what, 'Make them equal')
  }
}

function checkFrom(keys: Keys, context: PolicyContext, faults: FileFaults): void {
  const from = keys.text('from')
  if (from === null || from.value === context.rawTopic) return
  const what = `"from" is "${from.value}", but this stream's raw topic is "${context.rawTopic}"`
  faults.add(from, 'WEIR_CONTRACT_TOPIC', what, `Write "from: ${context.rawTopic}"`)
}

function readTo(keys: Keys, faults: FileFaults): Found<string> | null {
  const to = keys.text('to')
  if (to !== null && !isTopic(to.value)) {
    const what = `"${to.value}" can't be the name of a topic`
    faults.add(to, 'WEIR_CONTRACT_TOPIC', what, 'Use letters, digits, dots and hyphens')
  }
  return to
}

function readRecipients(keys: Keys, faults: FileFaults): Found<readonly string[]> | null {
  const recipients = keys.list('recipients', isRecipient, 'names of services, such as [recommender]')
  if (recipients !== null && recipients.value.length === 0) {
    faults.add(recipients, 'WEIR_CONTRACT_BAD_VALUE', 'nobody receives this', 'Name at least one recipient')
  }
  return recipients
}

/** Empty, at the file's start, when there are none. */
function readNeeds(keys: Keys, start: Spot): Found<readonly string[]> | null {
  if (!keys.has('needs')) return { line: start.line, column: start.column, value: [] }
  return keys.list('needs', isPurpose, 'names of purposes, such as [marketing.email]')
}

function readEvents(keys: Keys, { schema }: PolicyContext, faults: FileFaults): readonly Condition[] {
  const events = keys.has('events') ? keys.raw('events') : null
  if (events === null) return []
  if (events.value.kind !== 'map' || events.value.entries.size === 0) {
    const mend = 'Write "path: [constant, …]", or take "events" out: then all events give output'
    faults.add(events, 'WEIR_CONTRACT_BAD_VALUE', '"events" names no leaves', mend)
    return []
  }
  return schema === null ? [] : readConditions(events.value, schema, faults)
}

function isRecipient(value: unknown): value is string {
  return typeof value === 'string' && /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/.test(value)
}
