import type { ChosenRecord } from './chosen-record.ts'
import { harmless } from './harmless.ts'
import type { Payload } from './payload.ts'
import { timeText } from './tally.ts'

/**
 * A record for people. Nothing of it steers their terminal: keys and events may hold what a producer likes.
 * @param payload null: not looked at; a text: why it does not open
 */
export function recordText(topic: string, record: ChosenRecord, payload: Payload | string | null): string {
  const { partition, offset, atMs, label } = record
  const lines = [
    `${topic} ${partition}:${offset}, quarantined ${timeText(atMs)}`,
    ...(label === null
      ? ['  has no labels: Weir did not write it']
      : [
          `  ${label.code}: ${label.words}`,
          `  was ${label.rawTopic} partition ${label.rawPartition} offset ${label.rawOffset}`,
        ]),
    ...(payload === null ? [] : payloadLines(payload)),
  ]
  return `${lines.map(harmless).join('\n')}\n`
}

function payloadLines(payload: Payload | string): string[] {
  if (typeof payload === 'string') return [`  does not open: ${payload}`]
  const { key, appendTimeMs, event, hex, notice } = payload
  return [
    `  appended ${timeText(appendTimeMs)}`,
    `  key ${JSON.stringify(key)}`,
    ...(notice === null ? [`  event ${JSON.stringify(event)}`] : [`  value not decoded: ${notice}`]),
    ...(hex === null ? [] : [`  hex ${hex}`]),
  ]
}
