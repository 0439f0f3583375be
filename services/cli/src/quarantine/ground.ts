import { loadContracts, type Stream } from '@weir/contracts'
import { KeyRing, type Sealer, sealer } from '@weir/pseudonym'
import { KeyFileError, keyFilesConfig, readConfig, readRootKeys, topicName } from '@weir/service'
import { z } from 'zod'
import { type Cli, type ContractsOption, contractsFolder } from '../cli.ts'
import { CliError, refusal, usageError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import type { Cluster } from '../replay/cluster.ts'

export interface StreamOptions extends ContractsOption {
  readonly stream?: string
}

/** A stream's quarantine topic on the cluster. */
export interface Quarantine {
  readonly stream: string
  readonly topic: string
  readonly partitions: number
}

/** The streams that are meant: the one that is named, or all. @throws CliError (usage) when there is no such stream */
export function streamsMeant(cli: Cli, options: StreamOptions): readonly Stream[] {
  const { streams } = loadContracts(contractsFolder(cli, options))
  const meant = options.stream === undefined ? streams : streams.filter(({ name }) => name === options.stream)
  if (meant.length > 0) return meant
  throw usageError(`There is no stream "${options.stream}"; streams are: ${namesOf(streams)}.`)
}

/** The one stream that is meant. It may be left unnamed where there is only one. @throws CliError (usage) */
export function streamMeant(cli: Cli, options: StreamOptions): Stream {
  const meant = streamsMeant(cli, options)
  const [stream, another] = meant
  if (stream !== undefined && another === undefined) return stream
  throw usageError(`Say which stream, with --stream <name>: ${namesOf(meant)}.`)
}

/** @throws CliError when the topic is not there */
export async function quarantineOf({ kafka, namespace }: Cluster, stream: Stream): Promise<Quarantine> {
  const topic = topicName(namespace, stream.quarantineTopic)
  const [found] = await kafka.topics([topic])
  if (found === undefined) throw refusal(`There is no topic ${topic}. Run: weir contract apply --execute`)
  return { stream: stream.name, topic, partitions: found.partitions }
}

const { WEIR_ROOT_KEY_FILE } = keyFilesConfig

/** Seals acts and opens quarantined records, by the root keys that WEIR_ROOT_KEY_FILE names. */
export function sealerOf(cli: Cli): Sealer {
  const settings = readConfig('weir quarantine', z.object({ WEIR_ROOT_KEY_FILE }), cli.env)
  try {
    const { keys, current } = readRootKeys(settings.WEIR_ROOT_KEY_FILE)
    return sealer(new KeyRing(keys, current))
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error
    throw new CliError('WEIR_CLI_INPUT', ExitCode.usage, error.message)
  }
}

function namesOf(streams: readonly Stream[]): string {
  return streams.map(({ name }) => name).join(', ')
}
