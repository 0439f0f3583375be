import { expect, test } from 'vitest'
import { ByteSink } from './byte-sink.ts'

test('A sink that grows has room for what was asked, and keeps what was written', () => {
  const sink = new ByteSink(4)
  for (let byte = 0; byte < 100; byte++) {
    sink.room(3)
    sink.view.setUint16(sink.at, byte << 8)
    sink.at++
  }
  expect([...sink.written()]).toEqual(Array.from({ length: 100 }, (_, byte) => byte))
})
