import { type Dice, mutated } from '../../libs/transcoder/src/fixtures/random-schema.ts'

const most = (bytes: number, last: number): readonly number[] => [...new Array<number>(bytes - 1).fill(0xff), last]

/** Varints that a length, count, size, index or number should not be, or not be written like: see `wrong-bytes.test.ts`. */
const WRONG: readonly (readonly number[])[] = [
  // -1, -2, -64; the greatest and the least of 32 and of 64 bits; 2^31, 2^53.
  [1],
  [3],
  [0x7f],
  [0xfe, ...most(4, 0x0f)],
  most(5, 0x0f),
  [0xfe, ...most(9, 0x01)],
  most(10, 0x01),
  [0x80, 0x80, 0x80, 0x80, 0x10],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20],
  // 0 and 1 in more bytes than they need; numbers of 33 and 65 bits; without an end.
  [0x80, 0],
  [0x82, 0x80, 0x80, 0],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
  most(5, 0x1f),
  most(10, 0x02),
  most(12, 0xff),
]
/** Bytes that are no UTF-8 wherever they stand in text: an overlong form, a surrogate, beyond Unicode, cut off. */
const NO_TEXT: readonly (readonly number[])[] = [
  [0xc0, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xe2, 0x82],
]
/** So often one byte repeated: what claims to nest ever deeper, or block after block. */
const RUN = 400

/** A record with something wrong in it: at random, or what somebody would write who means harm. */
export function spoiled(dice: Dice, record: Buffer): Buffer {
  const at = dice.roll(record.length + 1)
  switch (dice.roll(8)) {
    case 0:
      return replaced(record, at, dice.roll(3), dice.pick(WRONG))
    case 1:
      return replaced(record, at, 1, dice.pick(WRONG))
    case 2: {
      const bytes = dice.pick(NO_TEXT)
      return replaced(record, at, bytes.length, bytes)
    }
    case 3:
      return replaced(record, at, dice.roll(2), new Array<number>(RUN).fill(dice.pick([1, 2, 4, 0x80, 0xff])))
    default:
      return mutated(dice, record)
  }
}

function replaced(record: Buffer, at: number, count: number, bytes: readonly number[]): Buffer {
  return Buffer.concat([record.subarray(0, at), Buffer.from(bytes), record.subarray(at + count)])
}
