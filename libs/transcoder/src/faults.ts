/** Why a record can't be processed. Rows carry it as a number; 0 is no fault. */
export const FaultCode = {
  ok: 0,
  /** The bytes are not what the writer schema says, or a string is not UTF-8. */
  malformedAvro: 1,
  /** Bytes are left after the record. */
  trailingBytes: 2,
  /** The subject is null. */
  missingSubject: 3,
  /** The subject is an empty string. */
  emptySubject: 4,
  /** The event time is null. */
  missingEventTime: 5,
  /** The writer schema has no subject or event time, or has a leaf as a type that the contract can't read. */
  unusableSchema: 6,
  /** The device is an empty string: it stands for no device. */
  emptyDevice: 7,
} as const

export type FaultCode = (typeof FaultCode)[keyof typeof FaultCode]

const NAMES: Readonly<Record<FaultCode, string>> = {
  0: 'ok',
  1: 'malformed-avro',
  2: 'trailing-bytes',
  3: 'missing-subject',
  4: 'empty-subject',
  5: 'missing-event-time',
  6: 'unusable-schema',
  7: 'empty-device',
}

/** Stable name of a fault for headers and metrics: `malformed-avro`, `empty-subject`, … */
export function faultName(code: FaultCode): string {
  return NAMES[code]
}

/** A record can't be rewritten. Says which fault, never what the record holds. */
export class RewriteFault extends Error {
  readonly code = 'WEIR_REWRITE_FAULT'
  override readonly name = 'RewriteFault'
  readonly fault: FaultCode

  constructor(fault: FaultCode) {
    super(`a record can't be rewritten: ${faultName(fault)}`)
    this.fault = fault
  }
}

/** A clean schema and a branch that don't fit each other: a bug of whoever derived them, never data. */
export class CleanSchemaError extends Error {
  readonly code = 'WEIR_CLEAN_SCHEMA'
  override readonly name = 'CleanSchemaError'
}
