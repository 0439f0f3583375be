import { FaultCode } from '@weir/transcoder'

/**
 * Why a raw record can't be processed, as codes of a row. Codes below 64 are the transcoder's (what its walk over the
 * Avro bytes found), codes from 64 on are what the sanitizer itself sees around them.
 */
export const FAULT = {
  none: FaultCode.ok,
  unusableSchema: FaultCode.unusableSchema,
  emptyValue: 64,
  notWireFormat: 65,
  unknownSchema: 66,
  keyDiffers: 67,
  eventTimeOutOfRange: 68,
  tooLarge: 69,
} as const

/** Stable code and plain words of each fault, for quarantine headers and metrics. They hold nothing of the record. */
export const FAULT_WORDS: Readonly<Record<number, { readonly code: string; readonly words: string }>> = {
  [FaultCode.malformedAvro]: {
    code: 'WEIR_EVENT_MALFORMED',
    words:
      'the Avro bytes do not fit the schema they name, or a string is not UTF-8; encode the event with that schema',
  },
  [FaultCode.trailingBytes]: {
    code: 'WEIR_EVENT_TRAILING_BYTES',
    words: 'bytes follow the end of the event; encode the event with the schema it names',
  },
  [FaultCode.missingSubject]: {
    code: 'WEIR_EVENT_SUBJECT_MISSING',
    words: 'the event names no data subject; set the leaf tagged "subject"',
  },
  [FaultCode.emptySubject]: {
    code: 'WEIR_EVENT_SUBJECT_EMPTY',
    words: 'the id of the data subject is empty; set the leaf tagged "subject"',
  },
  [FaultCode.emptyDevice]: {
    code: 'WEIR_EVENT_DEVICE_EMPTY',
    words: 'the id of the device is an empty string; leave it null where there is none',
  },
  [FaultCode.missingEventTime]: {
    code: 'WEIR_EVENT_TIME_MISSING',
    words: 'the event has no time; set the leaf tagged "event-time"',
  },
  [FaultCode.unusableSchema]: {
    code: 'WEIR_EVENT_SCHEMA_UNUSABLE',
    words:
      "the schema it names lacks what the contract needs, or has other types; use a version of the contract's schema",
  },
  [FAULT.emptyValue]: { code: 'WEIR_EVENT_EMPTY', words: 'the record has no value; a raw topic takes events only' },
  [FAULT.notWireFormat]: {
    code: 'WEIR_EVENT_NOT_WIRE_FORMAT',
    words: 'the value does not begin with a zero byte and a schema id; use the Confluent wire format',
  },
  [FAULT.unknownSchema]: {
    code: 'WEIR_EVENT_SCHEMA_UNKNOWN',
    words: 'the registry knows no schema of the id it names; register the schema first',
  },
  [FAULT.keyDiffers]: {
    code: 'WEIR_EVENT_KEY_DIFFERS',
    words: 'the record key is not the id of the data subject; key raw records by subject id, so that their order holds',
  },
  [FAULT.eventTimeOutOfRange]: {
    code: 'WEIR_EVENT_TIME_OUT_OF_RANGE',
    words: 'the event time is before 1970 or no date; set it in the unit that the schema states',
  },
  [FAULT.tooLarge]: {
    code: 'WEIR_EVENT_TOO_LARGE',
    words: 'a clean record of it would exceed the largest that its topic takes; send less in one event',
  },
}
