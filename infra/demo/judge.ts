import { check, type Report } from '@weir/test/check/check.ts'
import { readContract } from '@weir/test/check/contract-files.ts'
import type { JournalEntry } from '@weir/test/check/evidence.ts'
import { personalValues } from '@weir/test/check/personal-values.ts'
import { readRawRows } from '@weir/test/check/raw-rows.ts'
import { type PersonalSearch, searchPersonal } from '@weir/test/check/search-personal.ts'
import { collectEvidence } from './collect-evidence.ts'
import { bytesOf, haystacksOf } from './haystacks.ts'

/** What is to be judged. Plain data, so that it can be handed to another thread. */
export interface JudgeOrder {
  readonly brokers: string
  readonly registryUrl: string
  readonly redisUrl: string
  readonly namespace: string
  readonly contractsFolder: string
  /** Name of the stream. */
  readonly stream: string
  readonly rootKey: Uint8Array
  readonly referenceKey: Uint8Array
  readonly journal: readonly JournalEntry[]
  readonly logFiles: readonly string[]
  /** Texts of the services' metrics pages. */
  readonly metrics: readonly string[]
}

export interface Judgement {
  readonly report: Report
  readonly search: PersonalSearch
}

/** The run, read by a foreign client, judged record by record, and searched byte by byte for what must not be there. */
export async function judge(order: JudgeOrder): Promise<Judgement> {
  const contract = readContract(order.contractsFolder, order.stream)
  const evidence = await collectEvidence(order, contract)
  const report = check(evidence)
  const haystacks = await haystacksOf({
    ...order,
    evidence,
    cleanTopics: contract.outputs.map((output) => output.topic),
    quarantineTopic: contract.quarantineTopic,
  })
  const raw = evidence.topics.get(evidence.topicName(contract.rawTopic)) ?? []
  const { good } = readRawRows(raw, contract, evidence.schemas, evidence.referenceKey)
  const search = searchPersonal(personalValues(good, contract), haystacks, { name: 'raw', bytes: raw.flatMap(bytesOf) })
  return { report, search }
}
