import type { EventSchema } from './event-schema.ts'
import type { FileFaults } from './faults.ts'
import { type Found, Keys } from './keys.ts'
import { type LocatedMap, parseYaml } from './located.ts'
import { isTopic } from './names.ts'
import { type NamedLeaf, readLine } from './policy-line.ts'
import type { Refusal } from './verbs.ts'

/** One policy file, `<stream>/<purpose>.<notice>.yaml`, read and checked on its own. */
export interface PolicyFile {
  readonly file: string
  readonly purpose: string
  readonly notice: number
  readonly to: Found<string>
  readonly retentionMs: Found<number>
  readonly recipients: Found<readonly string[]>
  readonly granted: readonly NamedLeaf[]
  readonly otherwise: readonly NamedLeaf[] | null
}

export interface PolicyContext {
  readonly stream: string
  readonly rawTopic: string
  /** From the file's name. */
  readonly purpose: string
  readonly notice: number
  /** Null when the raw schema has faults of its own: then leaves are not checked. */
  readonly schema: EventSchema | null
  readonly readList: (file: string) => ReadonlySet<string> | Refusal
}

const NAMES = {
  known: ['purpose', 'notice', 'from', 'to', 'retention', 'recipients', 'granted', 'otherwise'],
  later: ['sensitive', 'needs', 'only', 'events'],
}

/** Null when something is wrong with it; the faults say what. */
export function readPolicy(text: string, context: PolicyContext, faults: FileFaults): PolicyFile | null {
  const root = parseYaml(text, faults)
  if (root === null) return null
  if (root.kind !== 'map') {
    faults.add(root.line, 'WEIR_CONTRACT_BAD_VALUE', 'this is no policy', `Write these keys: ${NAMES.known.join(', ')}`)
    return null
  }
  const keys = new Keys(root, faults, NAMES)
  checkAgainstFileName(keys, context, faults)
  const from = keys.text('from')
  if (from !== null && from.value !== context.rawTopic) {
    const what = `"from" is "${from.value}", but this stream's raw topic is "${context.rawTopic}"`
    faults.add(from.line, 'WEIR_CONTRACT_TOPIC', what, `Write "from: ${context.rawTopic}"`)
  }
  const to = keys.text('to')
  if (to !== null && !isTopic(to.value)) {
    faults.add(
      to.line,
      'WEIR_CONTRACT_TOPIC',
      `"${to.value}" can't be the name of a topic`,
      'Use letters, digits, dots and hyphens',
    )
  }
  const retention = keys.duration('retention')
  const recipients = keys.list('recipients', isRecipient, 'names of services, such as [recommender]')
  if (recipients !== null && recipients.value.length === 0) {
    faults.add(recipients.line, 'WEIR_CONTRACT_BAD_VALUE', 'nobody receives this', 'Name at least one recipient')
  }
  const granted = readBranch(keys, 'granted', context, faults)
  const otherwise = keys.has('otherwise') ? readBranch(keys, 'otherwise', context, faults) : null
  if (to === null || retention === null || retention.value === null || recipients === null || granted === null)
    return null
  const retentionMs = { line: retention.line, value: retention.value }
  const { purpose, notice } = context
  return { file: faults.file, purpose, notice, to, retentionMs, recipients, granted, otherwise }
}

function checkAgainstFileName(keys: Keys, context: PolicyContext, faults: FileFaults): void {
  const purpose = keys.text('purpose')
  if (purpose !== null && purpose.value !== context.purpose) {
    const what = `"purpose" is "${purpose.value}", but the file is named for "${context.purpose}"`
    faults.add(purpose.line, 'WEIR_CONTRACT_FILE_NAME', what, 'Make them equal')
  }
  const notice = keys.count('notice')
  if (notice !== null && notice.value !== context.notice) {
    const what = `"notice" is ${notice.value}, but the file is named for ${context.notice}`
    faults.add(notice.line, 'WEIR_CONTRACT_FILE_NAME', what, 'Make them equal')
  }
}

function readBranch(
  keys: Keys,
  branch: 'granted' | 'otherwise',
  context: PolicyContext,
  faults: FileFaults,
): NamedLeaf[] | null {
  const found = keys.raw(branch)
  if (found === null) return null
  if (found.value.kind !== 'map' || found.value.entries.size === 0) {
    const mend =
      branch === 'granted'
        ? 'Write "path: verb", one line a leaf'
        : 'Write "path: verb", or take "otherwise" out: then nothing is published'
    faults.add(found.line, 'WEIR_CONTRACT_BAD_VALUE', `"${branch}" names no leaves`, mend)
    return null
  }
  return leavesInSourceOrder(found.value, branch, context, faults)
}

function leavesInSourceOrder(
  map: LocatedMap,
  branch: 'granted' | 'otherwise',
  context: PolicyContext,
  faults: FileFaults,
): NamedLeaf[] {
  const named = new Map<string, NamedLeaf>()
  for (const [path, entry] of map.entries) {
    const leaf = readLine(path, entry, branch, context, faults)
    if (leaf !== null) named.set(leaf.leaf.name, leaf)
  }
  const order = context.schema?.leaves ?? []
  return order.map((leaf) => named.get(leaf.name)).filter((leaf) => leaf !== undefined)
}

function isRecipient(value: unknown): value is string {
  return typeof value === 'string' && /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/.test(value)
}
