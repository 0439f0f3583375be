import { connectKafka, type Kafka, KafkaError } from '@weir/kafka'
import { commonConfig, kafkaConfig, kafkaOptions, readConfig } from '@weir/service'
import { z } from 'zod'
import type { Cli } from '../cli.ts'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'

/** A broker that does not answer in this time is called unreachable. */
const CONNECT_WITHIN_MS = 10_000

const { WEIR_NAMESPACE } = commonConfig
const config = z.object({ WEIR_NAMESPACE, ...kafkaConfig })

export interface Cluster {
  readonly kafka: Kafka
  readonly namespace: string
}

/** Runs `use` on the cluster that the environment names. @throws CliError when Kafka can't be reached */
export async function onCluster<T>(cli: Cli, use: (cluster: Cluster) => Promise<T>): Promise<T> {
  const settings = readConfig('weir', config, cli.env)
  try {
    const options = { ...kafkaOptions(settings, 'weir-cli'), signal: AbortSignal.timeout(CONNECT_WITHIN_MS) }
    const kafka = await connectKafka(options)
    try {
      return await use({ kafka, namespace: settings.WEIR_NAMESPACE })
    } finally {
      await kafka.close()
    }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    throw new CliError('WEIR_CLI_UNREACHABLE', ExitCode.unreachable, `Kafka can’t be used: ${error.message}`)
  }
}
