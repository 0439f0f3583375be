import { connectKafka } from '@weir/kafka'
import { inject } from 'vitest'
import { describeKafkaPort } from '../kafka/port-contract.ts'

describeKafkaPort('the client of libs/kafka', inject('stack').KAFKA_BROKERS, connectKafka)
