import { Reader } from '../../libs/kafka/src/wire/reader.ts'
import { Writer } from '../../libs/kafka/src/wire/writer.ts'

/** Reads a request's body and writes the body of a response that answers all of it with one error code. */
type Refusal = (request: Reader, code: number, response: Writer) => void

interface Asked {
  readonly name: string
  readonly partitions: readonly number[]
}

const TOPIC_ID = '0'.repeat(32)

/** By API key; the versions are those that the client sends. */
const refusals: Readonly<Record<number, Refusal>> = {
  // Produce 12
  0: (request, code, response) => {
    request.nullableString()
    request.int16()
    request.int32()
    const asked = topics(request, () => {
      const partition = request.int32()
      request.bytes()
      return partition
    })
    answerEach(asked, response, (partition) => {
      response.int32(partition).int16(code).int64(-1n).int64(-1n).int64(-1n).arrayLength(0).nullableString(null)
    })
    response.int32(0)
  },
  // Fetch 12
  1: (request, code, response) => {
    for (let i = 0; i < 4; i++) request.int32()
    request.int8()
    request.int32()
    request.int32()
    const asked = topics(request, () => {
      const partition = request.int32()
      request.int32()
      request.int64()
      request.int32()
      request.int64()
      request.int32()
      return partition
    })
    response.int32(0).int16(0).int32(0)
    answerEach(asked, response, (partition) => {
      response.int32(partition).int16(code).int64(-1n).int64(-1n).int64(-1n)
      response.nullArray().int32(-1).arrayLength(0)
    })
  },
  // ListOffsets 7
  2: (request, code, response) => {
    request.int32()
    request.int8()
    const asked = topics(request, () => {
      const partition = request.int32()
      request.int32()
      request.int64()
      return partition
    })
    response.int32(0)
    answerEach(asked, response, (partition) => {
      response.int32(partition).int16(code).int64(-1n).int64(-1n).int32(-1)
    })
  },
  // Metadata 12: brokers are told nothing of, the topics asked for carry the error.
  3: (request, code, response) => {
    const names = request.array(() => {
      request.uuid()
      const name = request.nullableString()
      request.tags()
      return name
    })
    response.int32(0).arrayLength(0).nullableString(null).int32(-1).arrayLength(names.length)
    for (const name of names) {
      response.int16(code).nullableString(name).uuid(TOPIC_ID).bool(false).arrayLength(0).int32(-1).tags()
    }
  },
  // OffsetCommit 9
  8: (request, code, response) => {
    request.string()
    request.int32()
    request.string()
    request.nullableString()
    const asked = topics(request, () => {
      const partition = request.int32()
      request.int64()
      request.int32()
      request.nullableString()
      return partition
    })
    response.int32(0)
    answerEach(asked, response, (partition) => void response.int32(partition).int16(code))
  },
  // OffsetFetch 9
  9: (request, code, response) => {
    const groups = request.array(() => {
      const name = request.string()
      request.nullableString()
      request.int32()
      const asked = request.array(() => {
        const topic = { name: request.string(), partitions: request.int32Array() }
        request.tags()
        return topic
      })
      request.tags()
      return { name, asked }
    })
    response.int32(0).arrayLength(groups.length)
    for (const { name, asked } of groups) {
      response.string(name)
      answerEach(asked, response, (partition) => {
        response.int32(partition).int64(-1n).int32(-1).nullableString(null).int16(code)
      })
      response.int16(code).tags()
    }
  },
  // FindCoordinator 4
  10: (request, code, response) => {
    request.int8()
    const keys = request.array(() => request.string())
    response.int32(0).arrayLength(keys.length)
    for (const key of keys) response.string(key).int32(-1).string('').int32(-1).int16(code).nullableString(null).tags()
  },
  // InitProducerId 5
  22: (_, code, response) => void response.int32(0).int16(code).int64(-1n).int16(-1),
  // EndTxn 5
  26: (_, code, response) => void response.int32(0).int16(code).int64(-1n).int16(-1),
  // TxnOffsetCommit 5
  28: (request, code, response) => {
    request.string()
    request.string()
    request.int64()
    request.int16()
    request.int32()
    request.string()
    request.nullableString()
    const asked = topics(request, () => {
      const partition = request.int32()
      request.int64()
      request.int32()
      request.nullableString()
      return partition
    })
    response.int32(0)
    answerEach(asked, response, (partition) => void response.int32(partition).int16(code))
  },
  // ConsumerGroupHeartbeat 1
  68: (_, code, response) => {
    response.int32(0).int16(code).nullableString(null).nullableString(null).int32(0).int32(0).int8(-1)
  },
}

/** The frame of a response, its length included, that refuses this request frame with `code`. */
export function refusalOf(requestFrame: Buffer, code: number): Buffer {
  const apiKey = requestFrame.readInt16BE(4)
  const refusal = refusals[apiKey]
  if (refusal === undefined) throw new Error(`This proxy can't answer for API ${apiKey}.`)
  // Header of version 2: key, version, correlation id, client id, tags.
  const request = new Reader(requestFrame.subarray(4 + 8 + 2 + Math.max(0, requestFrame.readInt16BE(12))))
  request.tags()
  const response = new Writer().int32(requestFrame.readInt32BE(8)).tags()
  refusal(request, code, response)
  const body = Buffer.concat(response.tags().finish())
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

function topics(request: Reader, partition: () => number): Asked[] {
  return request.array(() => {
    const name = request.string()
    const partitions = request.array(() => {
      const index = partition()
      request.tags()
      return index
    })
    request.tags()
    return { name, partitions }
  })
}

function answerEach(asked: readonly Asked[], response: Writer, answer: (partition: number) => void): void {
  response.arrayLength(asked.length)
  for (const { name, partitions } of asked) {
    response.string(name).arrayLength(partitions.length)
    for (const partition of partitions) {
      answer(partition)
      response.tags()
    }
    response.tags()
  }
}
