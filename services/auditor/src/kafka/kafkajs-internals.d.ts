/** The part of kafkajs 2.2.4 that `log-reader.ts` uses and that kafkajs does not type. */
declare module 'kafkajs/src/protocol/requests/fetch/v11/request.js' {
  export default function request(options: {
    replicaId: number
    maxWaitTime: number
    minBytes: number
    maxBytes: number
    isolationLevel: number
    topics: readonly {
      topic: string
      partitions: readonly { partition: number; fetchOffset: string; maxBytes: number }[]
    }[]
  }): object
}
