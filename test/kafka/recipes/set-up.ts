import assert from 'node:assert/strict'
import { Api } from '../../support/kafka-proxy.ts'
import { until } from '../../support/until.ts'
import type { Recipe } from '../recipe.ts'

export const setUpRecipes: readonly Recipe[] = [
  {
    name: 'A topic whose creation is not answered is there once, with its partitions and settings',
    async run(lab) {
      const proxy = await lab.proxy()
      const far = await lab.connect(proxy.address, { requestTimeoutMs: 600 })
      const spec = { topic: `${lab.namespace}made`, partitions: 3, config: { 'retention.ms': '3600000' } }
      lab.deletingTopic(spec.topic)
      proxy.dropResponses(Api.createTopics, 1)
      await far.admin.ensureTopics([spec])
      assert.ok(proxy.requests(Api.createTopics) > 1)
      assert.equal((await far.topics([spec.topic]))[0]?.partitions, 3)
      assert.equal((await far.admin.topicConfig(spec.topic))['retention.ms'], '3600000')
      return { did: 'asked again, and took "exists already" for done', lost: 0, repeated: 0 }
    },
  },
  {
    name: 'A topic whose deletion is not answered is gone',
    async run(lab) {
      const topic = await lab.topic()
      const proxy = await lab.proxy()
      const far = await lab.connect(proxy.address, { requestTimeoutMs: 600 })
      proxy.dropResponses(Api.deleteTopics, 1)
      await far.admin.deleteTopics([topic])
      await until('it is gone', async () => (await lab.kafka.topics([topic])).length === 0)
      return { did: 'asked again, and took "no such topic" for done', lost: 0, repeated: 0 }
    },
  },
  {
    name: 'Settings of a topic that two set at the same time are both set',
    async run(lab) {
      const topic = await lab.topic()
      const other = await lab.connect()
      // AlterConfigs, which kafkajs sends, replaces them all: one of the two would be lost.
      for (let round = 1; round <= 10; round++) {
        const [one, two] = [String(1_000_000 + round), String(2_000_000 + round)]
        await Promise.all([
          lab.kafka.admin.ensureTopics([{ topic, partitions: 1, config: { 'retention.ms': one } }]),
          other.admin.ensureTopics([{ topic, partitions: 1, config: { 'segment.ms': two } }]),
        ])
        // A broker shows what the controller accepted only once it has caught up with it.
        await until('both are set', async () => {
          const config = await lab.kafka.admin.topicConfig(topic)
          return config['retention.ms'] === one && config['segment.ms'] === two
        })
      }
      return { did: 'set each by itself, ten times', lost: 0, repeated: 0 }
    },
  },
]
