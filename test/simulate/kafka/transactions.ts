import type { Controller } from './controller.ts'
import { Code } from './errors.ts'
import { type MarkedKind, Markers, type Participant } from './markers.ts'
import type { DecidedTransaction } from './options.ts'

/** The last epoch that a client gets; after it a new producer id. */
const LAST_CLIENT_EPOCH = 0x7ffe
/** transaction.max.timeout.ms, its default. */
const MAX_TIMEOUT_MS = 900_000

export interface Identity {
  readonly producerId: number
  readonly epoch: number
}

export interface IdentityAnswer extends Identity {
  readonly code: number
}

interface Transaction {
  readonly id: string
  producerId: number
  epoch: number
  /** Before the last one ran out of epochs. */
  previousProducerId: number
  timeoutMs: number
  state: 'empty' | 'ongoing' | 'preparing' | 'complete'
  /** How it ends or has ended. */
  isCommit: boolean
  /** A change of it is being written to the transaction log. */
  isPending: boolean
  participants: Map<string, Participant>
  /** When (performance.now, Date.now) something was first added. */
  begunMs: number
  begunAtMs: number
}

const refused = (code: number): IdentityAnswer => ({ code, producerId: -1, epoch: -1 })

/**
 * Transaction coordinators, transactions of version 2 (TransactionCoordinator, TransactionMetadata, KIP-890): the epoch
 * rises with each EndTxn, partitions are added by the first Produce or TxnOffsetCommit. Their state outlives brokers, as
 * the replicated transaction log does; a change that was being written when its broker went may or may not be in it.
 */
export class Transactions {
  readonly #controller: Controller
  readonly #markers: Markers
  readonly #byId = new Map<string, Transaction>()
  /** In the order of decision; those that had nothing in them are left out. */
  readonly decided: DecidedTransaction[] = []
  #nextProducerId = 0
  #sweepPlanned = false

  constructor(controller: Controller) {
    this.#controller = controller
    this.#markers = new Markers(controller)
  }

  pauseMarkers(ms: number, kinds: readonly MarkedKind[]): void {
    this.#markers.pause(ms, kinds)
  }

  newProducerId(): number {
    return this.#nextProducerId++
  }

  /** InitProducerId of a transactional id: fences whoever has it, and ends what that left open. */
  init(id: string, timeoutMs: number, given: Identity, answer: (answer: IdentityAnswer) => void): void {
    if (timeoutMs > MAX_TIMEOUT_MS || timeoutMs <= 0) return answer(refused(Code.INVALID_TRANSACTION_TIMEOUT))
    let of = this.#byId.get(id)
    if (of === undefined) {
      of = {
        id,
        producerId: this.newProducerId(),
        epoch: -1,
        previousProducerId: -1,
        timeoutMs,
        state: 'empty',
        isCommit: false,
        isPending: false,
        participants: new Map(),
        begunMs: 0,
        begunAtMs: 0,
      }
      this.#byId.set(id, of)
    }
    const transaction = of
    if (given.producerId >= 0 && (given.producerId !== of.producerId || given.epoch !== of.epoch)) {
      return answer(refused(Code.PRODUCER_FENCED))
    }
    if (of.isPending || of.state === 'preparing') return answer(refused(Code.CONCURRENT_TRANSACTIONS))
    if (of.state === 'ongoing') {
      // Ends it first; the client comes again.
      this.#end(transaction, false, () => undefined)
      return answer(refused(Code.CONCURRENT_TRANSACTIONS))
    }
    const change = () => {
      this.#raiseEpoch(transaction)
      transaction.timeoutMs = timeoutMs
      transaction.state = 'empty'
    }
    this.#write(transaction, change, () => answer({ ...identityOf(transaction), code: Code.NONE }))
  }

  /** AddPartitionsToTxn, as brokers send it for a Produce or a TxnOffsetCommit; answers one code. */
  add(
    id: string,
    { producerId, epoch }: Identity,
    participants: readonly Participant[],
    answer: (code: number) => void,
  ): void {
    const of = this.#byId.get(id)
    if (of === undefined || of.producerId !== producerId) return answer(Code.INVALID_PRODUCER_ID_MAPPING)
    // What the coordinator calls fenced is told to the client so.
    if (of.epoch !== epoch) return answer(Code.INVALID_PRODUCER_EPOCH)
    if (of.isPending || of.state === 'preparing') return answer(Code.CONCURRENT_TRANSACTIONS)
    if (of.state === 'ongoing' && participants.every(({ key }) => of.participants.has(key))) return answer(Code.NONE)
    const change = () => {
      if (of.state !== 'ongoing') {
        of.state = 'ongoing'
        of.participants = new Map()
        of.begunMs = performance.now()
        of.begunAtMs = Date.now()
        this.#planSweep()
      }
      for (const participant of participants) of.participants.set(participant.key, participant)
    }
    this.#write(of, change, () => answer(Code.NONE))
  }

  /** EndTxn 5. */
  end(id: string, { producerId, epoch }: Identity, isCommit: boolean, answer: (answer: IdentityAnswer) => void): void {
    const of = this.#byId.get(id)
    if (of === undefined) return answer(refused(Code.INVALID_PRODUCER_ID_MAPPING))
    const isAfterOverflow = of.previousProducerId === producerId && epoch === LAST_CLIENT_EPOCH && of.epoch === 0
    const isRepeat = isAfterOverflow || of.epoch === epoch + 1
    if (of.producerId !== producerId && !isAfterOverflow) return answer(refused(Code.INVALID_PRODUCER_ID_MAPPING))
    const isOurs = of.state === 'preparing' ? isRepeat : (of.state === 'complete' && isRepeat) || of.epoch === epoch
    if (!isOurs) return answer(refused(Code.PRODUCER_FENCED))
    if (of.isPending) return answer(refused(Code.CONCURRENT_TRANSACTIONS))
    if (of.state === 'preparing') {
      return answer(refused(of.isCommit === isCommit ? Code.CONCURRENT_TRANSACTIONS : Code.INVALID_TXN_STATE))
    }
    if (of.state === 'complete' && isRepeat) {
      return answer(of.isCommit === isCommit ? { ...identityOf(of), code: Code.NONE } : refused(Code.INVALID_TXN_STATE))
    }
    // With nothing in it, it can be aborted only.
    if (of.state !== 'ongoing' && isCommit) return answer(refused(Code.INVALID_TXN_STATE))
    if (of.state !== 'ongoing') of.participants = new Map()
    this.#end(of, isCommit, answer)
  }

  #end(of: Transaction, isCommit: boolean, answer: (answer: IdentityAnswer) => void): void {
    const { producerId } = of
    const markerEpoch = of.epoch + 1
    const change = () => {
      this.#raiseEpoch(of)
      of.state = 'preparing'
      of.isCommit = isCommit
      const ended = { producerId, epoch: markerEpoch, isCommit, decidedAtMs: Date.now() }
      const participants = [...of.participants.values()]
      if (participants.length > 0) {
        const offsets = participants.flatMap(({ pending }) => pending?.(producerId) ?? [])
        this.decided.push({
          transactionalId: of.id,
          isCommit,
          begunAtMs: of.begunAtMs,
          decidedAtMs: Date.now(),
          offsets,
        })
      }
      const isAway = () => this.#controller.actingCoordinator('transaction', of.id) === undefined
      this.#markers.write(ended, participants, isAway, () => {
        this.#write(of, () => {
          of.state = 'complete'
          of.participants = new Map()
        })
      })
    }
    this.#write(of, change, () => answer({ ...identityOf(of), code: Code.NONE }))
  }

  #raiseEpoch(of: Transaction): void {
    if (of.epoch < LAST_CLIENT_EPOCH) {
      of.epoch++
      return
    }
    of.previousProducerId = of.producerId
    of.producerId = this.newProducerId()
    of.epoch = 0
  }

  /** Writes a change to the transaction log; `done` only if whoever wrote it is still there to tell. */
  #write(of: Transaction, change: () => void, done?: () => void): void {
    const { world } = this.#controller
    const writer = this.#controller.actingCoordinator('transaction', of.id)
    of.isPending = true
    world.after(world.delayMs(), () => {
      of.isPending = false
      const isStillThere = this.#controller.actingCoordinator('transaction', of.id) === writer
      // What a coordinator decides by itself is decided again by its successor.
      if (isStillThere || done === undefined) change()
      else if (world.random.below(2) === 0) change()
      if (isStillThere) done?.()
    })
  }

  /** The next sweep, if there is something that may time out: they come at fixed times, whatever happens between. */
  #planSweep(): void {
    if (this.#sweepPlanned) return
    this.#sweepPlanned = true
    const { sweepMs } = this.#controller.world.settings
    this.#controller.world.after(sweepMs - (performance.now() % sweepMs), () => this.#sweep())
  }

  #sweep(): void {
    this.#sweepPlanned = false
    const now = performance.now()
    for (const of of this.#byId.values()) {
      if (of.state !== 'ongoing') continue
      this.#planSweep()
      if (of.isPending || of.begunMs + of.timeoutMs >= now) continue
      if (this.#controller.actingCoordinator('transaction', of.id) !== undefined) this.#end(of, false, () => undefined)
    }
  }
}

function identityOf({ producerId, epoch }: Transaction): Identity {
  return { producerId, epoch }
}
