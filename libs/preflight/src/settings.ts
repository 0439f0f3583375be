/** What was found on the real parts. Values as the broker writes them. */
export interface Settings {
  /** By node id: brokers of one cluster may be set differently. */
  readonly brokers: ReadonlyMap<number, Readonly<Record<string, string>>>
  /** By full name: topics with a job in the promises. */
  readonly topics: ReadonlyMap<string, FoundTopic>
  /** Redis's `maxmemory-policy`; null when Redis gave no answer, and then nothing is said of it. */
  readonly evictionPolicy: string | null
  /** Whether Redis keeps an append-only file; null when it gave no answer. */
  readonly appendOnly: boolean | null
}

export interface FoundTopic {
  readonly kind: 'decisions' | 'state' | 'forget' | 'raw'
  readonly partitions: number
  readonly config: Readonly<Record<string, string>>
}

/** A setting under which a promise would not hold (`refuse`), or would cost more than it must (`warn`). */
export interface Finding {
  readonly severity: 'refuse' | 'warn'
  readonly setting: string
  /** `broker 1, 2` (all where it is so), `redis` or the full name of a topic. */
  readonly where: string
  readonly found: string
  /** What does not hold because of it, in words. */
  readonly breaks: string
  /** What to do. */
  readonly mend: string
}

/** Settings break a promise: nothing is started against them. The message names each, with its mend. */
export class UnsafeSettings extends Error {
  override readonly name = 'UnsafeSettings'
  readonly code = 'WEIR_UNSAFE_SETTINGS'
  readonly findings: readonly Finding[]

  constructor(findings: readonly Finding[]) {
    const lines = findings.map(
      ({ setting, where, found, breaks, mend }) => `  ${where}: ${setting} is ${found}: ${breaks}. Mend: ${mend}`,
    )
    super(`Settings break a promise, so this is not started against them:\n${lines.join('\n')}`)
    this.findings = findings
  }
}
