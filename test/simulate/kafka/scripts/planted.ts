import type { Replacement } from '../../defences/replaced-source.ts'

/** A mistake put into the model on purpose, and the script that has to show it. */
export interface Planted extends Replacement {
  readonly mistake: string
  readonly shownBy: string
}

const kafka = 'test/simulate/kafka'

/** What comparing the scripts with a real broker is worth: each of these makes one of them differ. */
export const planted: readonly Planted[] = [
  {
    mistake: 'read_committed readers see what is not decided yet',
    file: `${kafka}/answers/fetch.ts`,
    find: 'readCommitted ? stable : highWatermark',
    replace: 'highWatermark',
    shownBy: 'read_committed holds at the first open transaction, whatever lies behind it',
  },
  {
    mistake: 'read_committed readers are not told what was aborted',
    file: `${kafka}/answers/fetch.ts`,
    find: 'readCommitted && batches.length > 0 ? log.abortedBetween(offset, next) : []',
    replace: '[] as AbortedTransaction[]',
    shownBy: 'an abort is told to read_committed readers as a list, and the others see what was aborted',
  },
  {
    mistake: 'the list of aborted transactions is that of the whole log',
    file: `${kafka}/log.ts`,
    find: '.last < from) low',
    replace: '.last < 0) low',
    shownBy: 'an abort is told to read_committed readers as a list, and the others see what was aborted',
  },
  {
    mistake: 'a zombie may go on in the transaction of its successor',
    file: `${kafka}/transactions.ts`,
    find: 'if (of.epoch !== epoch) return',
    replace: 'if (of.epoch < 0) return',
    shownBy: 'a zombie is fenced by an init that came after, and what it left open is aborted',
  },
  {
    mistake: 'a zombie may end the transaction of its successor',
    file: `${kafka}/transactions.ts`,
    find: 'if (!isOurs) return',
    replace: 'if (of.epoch < 0) return',
    shownBy: 'EndTxn sent again once the next transaction began is fenced, and that one goes on',
  },
  {
    mistake: 'an init does not fence who had the id before',
    file: `${kafka}/transactions.ts`,
    find: '      this.#raiseEpoch(transaction)\n      transaction.timeoutMs',
    replace: '      if (transaction.epoch < 0) this.#raiseEpoch(transaction)\n      transaction.timeoutMs',
    shownBy: 'init over nothing open raises the epoch by one, and the one before may do nothing more',
  },
  {
    mistake: 'EndTxn sent again may say the opposite',
    file: `${kafka}/transactions.ts`,
    find: 'return answer(of.isCommit === isCommit ? { ...identityOf(of), code: Code.NONE }',
    replace: 'return answer(of.isCommit === of.isCommit ? { ...identityOf(of), code: Code.NONE }',
    shownBy: 'EndTxn sent again answers the same, with the other verb it is refused',
  },
  {
    mistake: 'what timed out is committed',
    file: `${kafka}/transactions.ts`,
    find: 'of.id) !== undefined) this.#end(of, false, () => undefined)',
    replace: 'of.id) !== undefined) this.#end(of, true, () => undefined)',
    shownBy: 'after its timeout a transaction has been aborted, and its producer is refused everything',
  },
  {
    mistake: 'an old epoch is called a gap',
    file: `${kafka}/producer-state.ts`,
    find: 'return Code.INVALID_PRODUCER_EPOCH',
    replace: 'return Code.OUT_OF_ORDER_SEQUENCE_NUMBER',
    shownBy: 'an idempotent producer: repeats are dropped, gaps and old epochs refused, a new epoch begins at 0',
  },
  {
    mistake: 'repeats are known for ever',
    file: `${kafka}/producer-state.ts`,
    find: 'REMEMBERED_BATCHES = 5',
    replace: 'REMEMBERED_BATCHES = 9',
    shownBy: 'a repeat is known among the last five batches only',
  },
  {
    mistake: 'pending offsets are not told apart',
    file: `${kafka}/answers/groups.ts`,
    find: 'requireStable && known?.offsets.isPending(place) === true',
    replace: 'requireStable && known === undefined',
    shownBy: 'offsets of a transaction are pending until it ends, and come with it or not at all',
  },
  {
    mistake: 'offsets of an aborted transaction are committed',
    file: `${kafka}/group-offsets.ts`,
    find: 'if (isCommit) for',
    replace: 'for',
    shownBy: 'offsets of a transaction are pending until it ends, and come with it or not at all',
  },
  {
    mistake: 'any generation may commit offsets',
    file: `${kafka}/group.ts`,
    find: 'return member.epoch === generation ?',
    replace: 'return member.epoch >= 0 ?',
    shownBy: 'offsets in a transaction are refused to an old generation, a stranger and who has left',
  },
  {
    mistake: 'who has left may commit offsets',
    file: `${kafka}/group.ts`,
    find: 'generation < 0 && this.isEmpty ?',
    replace: 'this.isEmpty ?',
    shownBy: 'offsets in a transaction are refused to an old generation, a stranger and who has left',
  },
  {
    mistake: 'a partition has two owners at once',
    file: `${kafka}/group.ts`,
    find: 'if (this.#isHeld(place, member)) isShort = true',
    replace: 'if (isShort) keeps.delete(place)',
    shownBy: 'a second member gets its share only once the first has given it up',
  },
  {
    mistake: 'leader epochs are not looked at',
    file: `${kafka}/answers/answer.ts`,
    find: 'return asked < has ? Code.FENCED_LEADER_EPOCH : Code.UNKNOWN_LEADER_EPOCH',
    replace: 'return Code.NONE',
    shownBy: 'a leader epoch of the future is unknown, one of now is taken, and what was read under it is looked up',
  },
]
