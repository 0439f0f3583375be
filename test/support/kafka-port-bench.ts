import { afterEach, beforeEach } from 'vitest'
import { type Connect, KafkaLab } from '../kafka/lab.ts'

export { batch, outcome } from '../kafka/lab.ts'

/** A lab for each test of a file. */
export class PortBench extends KafkaLab {
  constructor(brokers: string, connect?: Connect) {
    super(brokers, connect)
    beforeEach(() => this.open())
    afterEach(() => this.close())
  }
}
