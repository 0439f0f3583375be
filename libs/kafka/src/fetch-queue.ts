import type { FetchedPartition } from './port.ts'

interface Response {
  readonly nodeId: number
  partitions: FetchedPartition[]
}

/** Empty responses cost room too, so that a reader that does not poll is not asked for without end. */
const MAX_RESPONSES = 64

/** What was read ahead and not yet polled: responses in their order, bounded in bytes, and errors for the reader. */
export class FetchQueue {
  readonly #maxBytes: number
  readonly #responses: Response[] = []
  readonly #errors: { readonly error: unknown; readonly partition: number | null }[] = []
  #bytes = 0
  /** Asked for, and not here yet. */
  #reserved = 0
  #closed = false
  readonly #waiting = new Set<() => void>()
  readonly #forRoom = new Set<() => void>()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  put(nodeId: number, partitions: FetchedPartition[]): void {
    if (this.#closed) return
    // While nobody polls, one broker's newer "nothing new" replaces its older one: it is the better evidence.
    const last = this.#responses.at(-1)
    if (
      last?.nodeId === nodeId &&
      isEmpty(last.partitions) &&
      isEmpty(partitions) &&
      sameSet(last.partitions, partitions)
    ) {
      last.partitions = partitions
      return
    }
    this.#responses.push({ nodeId, partitions })
    this.#bytes += sizeOf(partitions)
    wakeAll(this.#waiting)
  }

  /** The next `take` rejects with this, unless its partition is dropped before. */
  fail(error: unknown, partition: number | null): void {
    if (this.#closed) return
    this.#errors.push({ error, partition })
    wakeAll(this.#waiting)
  }

  /** Forgets what was read ahead of a partition. */
  drop(partition: number): void {
    for (let i = this.#errors.length - 1; i >= 0; i--) {
      if (this.#errors[i]?.partition === partition) this.#errors.splice(i, 1)
    }
    for (let i = this.#responses.length - 1; i >= 0; i--) {
      const response = this.#responses[i]
      if (response === undefined || !response.partitions.some((p) => p.partition === partition)) continue
      this.#bytes -= sizeOf(response.partitions)
      response.partitions = response.partitions.filter((p) => p.partition !== partition)
      this.#bytes += sizeOf(response.partitions)
      if (response.partitions.length === 0) this.#responses.splice(i, 1)
    }
    wakeAll(this.#forRoom)
  }

  /** The oldest response, or an empty list after `waitMs` without one, or when closed. */
  async take(waitMs: number): Promise<FetchedPartition[]> {
    if (!this.#ready() && waitMs > 0 && !this.#closed) await this.#wait(waitMs)
    const failure = this.#errors.shift()
    if (failure !== undefined) throw failure.error
    const response = this.#responses.shift()
    if (response === undefined) return []
    this.#bytes -= sizeOf(response.partitions)
    wakeAll(this.#forRoom)
    return response.partitions
  }

  /**
   * Waits for room for another response and takes it: at most `wantBytes`, and no more than its share of the bound when
   * there are `sharers`, since a broker that has nothing new keeps its share for as long as it waits. Resolves with the
   * bytes that may be asked for, to be given back by `release` once their response was put; with 0 when `signal` aborts.
   */
  async reserve(wantBytes: number, sharers: number, signal: AbortSignal): Promise<number> {
    const full = Math.max(1, Math.min(wantBytes, Math.floor(this.#maxBytes / sharers)))
    while (!signal.aborted && !this.#closed) {
      const free = this.#maxBytes - this.#bytes - this.#reserved
      // Rather wait than ask for scraps, each of which costs a request.
      if (this.#responses.length < MAX_RESPONSES && free > 0 && free >= full / 2) {
        const granted = Math.min(full, free)
        this.#reserved += granted
        return granted
      }
      await new Promise<void>((resolve) => this.#forRoom.add(resolve))
    }
    return 0
  }

  release(bytes: number): void {
    this.#reserved -= bytes
    wakeAll(this.#forRoom)
  }

  close(): void {
    this.#closed = true
    this.#responses.length = 0
    this.#errors.length = 0
    this.#bytes = 0
    wakeAll(this.#waiting)
    wakeAll(this.#forRoom)
  }

  #ready(): boolean {
    return this.#responses.length > 0 || this.#errors.length > 0
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#waiting.add(wake)
    })
  }
}

function wakeAll(sleepers: Set<() => void>): void {
  const woken = [...sleepers]
  sleepers.clear()
  for (const wake of woken) wake()
}

function sizeOf(partitions: readonly FetchedPartition[]): number {
  let bytes = 0
  for (const { records } of partitions) bytes += records.length
  return bytes
}

function isEmpty(partitions: readonly FetchedPartition[]): boolean {
  return partitions.every((p) => p.records.length === 0)
}

function sameSet(a: readonly FetchedPartition[], b: readonly FetchedPartition[]): boolean {
  return a.length === b.length && a.every((p) => b.some((q) => q.partition === p.partition))
}
