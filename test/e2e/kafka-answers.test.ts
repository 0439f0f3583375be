import { connectKafka } from '@weir/kafka'
import { inject } from 'vitest'
import { describeKafkaAnswers, testRecipes } from '../kafka/port-contract.ts'
import { kafkajsControls } from '../kafka/recipes/kafkajs-controls.ts'
import { protocolFacts } from '../kafka/recipes/protocol.ts'
import { PortBench } from '../support/kafka-port-bench.ts'

const brokers = inject('stack').KAFKA_BROKERS

describeKafkaAnswers('the client of libs/kafka', brokers, connectKafka)

testRecipes(new PortBench(brokers), [...protocolFacts, ...kafkajsControls])
