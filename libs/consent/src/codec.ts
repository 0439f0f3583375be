import forgetSchema from '../schemas/forget.json' with { type: 'json' }
import forgottenSchema from '../schemas/forgotten.json' with { type: 'json' }
import ledgerSchema from '../schemas/ledger.json' with { type: 'json' }
import stateSchema from '../schemas/state.json' with { type: 'json' }
import { hex16ToBytes, recordType, uuidFromBytes, uuidToBytes } from './avro-record.ts'
import { ConsentRecordError, ConsentValueError } from './errors.ts'
import { refFromBytes, refToBytes } from './keys.ts'
import type {
  ConsentState,
  Decision,
  ErasureStep,
  ForgetOrder,
  Forgotten,
  PurposeState,
  RecentDecision,
  RefusedAll,
  StateTick,
  Tick,
} from './model.ts'
import { purposeRecord } from './purpose-record.ts'

/** A record of `consent.decisions`. */
export type LedgerRecord =
  | { readonly kind: 'decision'; readonly decision: Decision }
  | { readonly kind: 'tick'; readonly tick: Tick }
  | { readonly kind: 'step'; readonly step: ErasureStep }

/** A record of `consent.state`. */
export type StateRecord =
  | { readonly kind: 'state'; readonly state: ConsentState }
  | { readonly kind: 'tick'; readonly tick: StateTick }

interface AvroTick {
  readonly incarnation: Buffer
  readonly n: number
  readonly timeMs: number
}

type AvroStateTick = AvroTick & Pick<StateTick, 'position'>

type AvroDecision = Pick<Decision, 'kind' | 'decidedAtMs' | 'source' | 'jurisdiction' | 'basedOn'> & {
  readonly decisionId: Buffer
  readonly ref: Buffer
  readonly linkedTo: Buffer | null
  readonly choices: readonly { readonly purpose: string; readonly notice: number; readonly untilMs: number | null }[]
}

type AvroPurpose = Omit<PurposeState, 'salt' | 'decisionId'> & {
  readonly purpose: string
  readonly salt: Buffer | null
  readonly decisionId: Buffer
}

interface AvroState {
  readonly position: number
  readonly erasedPosition: number
  readonly erasedSinceMs: number
  readonly purposes: readonly AvroPurpose[]
  readonly recent: readonly {
    readonly decisionId: Buffer
    readonly outcome: RecentDecision['outcome']
    readonly tookAway: boolean
  }[]
  readonly refusedAll: (Pick<RefusedAll, 'kind'> & { readonly decisionId: Buffer }) | null
  readonly links: readonly { readonly ref: Buffer }[]
}

type AvroForget = Pick<ForgetOrder, 'purpose' | 'reason'> & {
  readonly epoch: number
  readonly pseudonym: Buffer
}

type AvroStep = Omit<ErasureStep, 'ref' | 'erasureId'> & { readonly ref: Buffer; readonly erasureId: Buffer }

const ledgerType = recordType<
  | { 'weir.consent.Decision': AvroDecision }
  | { 'weir.consent.Tick': AvroTick }
  | { 'weir.consent.ErasureStep': AvroStep }
>('ledger record', ledgerSchema)
const stateType = recordType<{ 'weir.consent.State': AvroState } | { 'weir.consent.Tick': AvroStateTick }>(
  'state record',
  stateSchema,
)
const forgetType = recordType<AvroForget>('forget order', forgetSchema)
const forgottenType = recordType<Forgotten>('forget record', forgottenSchema)

/** Value of a record of `consent.decisions`. @throws ConsentValueError when it can't be held faithfully */
export function encodeLedger(record: LedgerRecord): Buffer {
  if (record.kind === 'tick') return ledgerType.encode({ 'weir.consent.Tick': tickToAvro(record.tick) })
  if (record.kind === 'step') {
    const { ref, erasureId, ...rest } = record.step
    const step = { ...rest, ref: refToBytes(ref), erasureId: uuidToBytes(erasureId) }
    return ledgerType.encode({ 'weir.consent.ErasureStep': step })
  }
  const { decision } = record
  if (decision.notices.length !== decision.purposes.length || decision.untilMs.length !== decision.purposes.length) {
    throw new ConsentValueError('a decision has one notice and one until for each purpose')
  }
  if (decision.linkedTo !== undefined && decision.kind !== 'link') {
    throw new ConsentValueError('only a link has a subject that it links to')
  }
  return ledgerType.encode({
    'weir.consent.Decision': {
      kind: decision.kind,
      decisionId: uuidToBytes(decision.decisionId),
      ref: refToBytes(decision.ref),
      linkedTo: decision.linkedTo === undefined ? null : refToBytes(decision.linkedTo),
      choices: decision.purposes.map((purpose, i) => ({
        purpose: checkedPurpose(purpose),
        notice: decision.notices[i] ?? 0,
        untilMs: decision.untilMs[i] ?? null,
      })),
      decidedAtMs: decision.decidedAtMs,
      source: decision.source,
      jurisdiction: decision.jurisdiction,
      basedOn: decision.basedOn,
    },
  })
}

/** @throws ConsentRecordError on an unknown version or anything that is not exactly one record */
export function decodeLedger(bytes: Uint8Array): LedgerRecord {
  const record = ledgerType.decode(bytes)
  if ('weir.consent.Tick' in record) return { kind: 'tick', tick: tickFromAvro(record['weir.consent.Tick']) }
  if ('weir.consent.ErasureStep' in record) {
    const { ref, erasureId, checked, ...rest } = record['weir.consent.ErasureStep']
    const checks = checked.map(({ topic, emptyBeforeMs }) => ({ topic, emptyBeforeMs }))
    return {
      kind: 'step',
      step: { ...rest, ref: refFromBytes(ref), erasureId: uuidFromBytes(erasureId), checked: checks },
    }
  }
  const decision = record['weir.consent.Decision']
  return {
    kind: 'decision',
    decision: {
      kind: decision.kind,
      decisionId: uuidFromBytes(decision.decisionId),
      ref: refFromBytes(decision.ref),
      ...(decision.linkedTo === null ? {} : { linkedTo: refFromBytes(decision.linkedTo) }),
      purposes: decision.choices.map((choice) => choice.purpose),
      decidedAtMs: decision.decidedAtMs,
      source: decision.source,
      notices: decision.choices.map((choice) => choice.notice),
      jurisdiction: decision.jurisdiction,
      untilMs: decision.choices.map((choice) => choice.untilMs),
      basedOn: decision.basedOn,
    },
  }
}

/**
 * Value of a record of `consent.state` and of the cache: equal states give equal bytes, whatever order their purposes
 * were made in. @throws ConsentValueError when it can't be held faithfully
 */
export function encodeState(state: ConsentState): Buffer {
  const names = Object.keys(state.purposes).sort()
  const purposes: AvroPurpose[] = []
  for (const name of names) {
    const purpose = state.purposes[name]
    if (purpose === undefined) continue
    purposes.push({
      ...purpose,
      purpose: checkedPurpose(name),
      salt: purpose.salt === null ? null : hex16ToBytes('a salt', purpose.salt),
      decisionId: uuidToBytes(purpose.decisionId),
    })
  }
  return stateType.encode({
    'weir.consent.State': {
      position: state.position,
      erasedPosition: state.erasedPosition ?? -1,
      erasedSinceMs: state.erasedSinceMs ?? 0,
      purposes,
      recent: state.recent.map((recent) => ({
        decisionId: uuidToBytes(recent.decisionId),
        outcome: recent.outcome,
        tookAway: recent.tookAway ?? false,
      })),
      refusedAll:
        state.refusedAll === undefined
          ? null
          : { ...state.refusedAll, decisionId: uuidToBytes(state.refusedAll.decisionId) },
      links: (state.links ?? []).map((ref) => ({ ref: refToBytes(ref) })),
    },
  })
}

/** Value of a tick in `consent.state`. */
export function encodeStateTick(tick: StateTick): Buffer {
  return stateType.encode({ 'weir.consent.Tick': { ...tickToAvro(tick), position: tick.position } })
}

/** @throws ConsentRecordError on an unknown version or anything that is not exactly one record */
export function decodeStateRecord(bytes: Uint8Array): StateRecord {
  const record = stateType.decode(bytes)
  if ('weir.consent.Tick' in record) {
    const tick = record['weir.consent.Tick']
    return { kind: 'tick', tick: { ...tickFromAvro(tick), position: tick.position } }
  }
  const state = record['weir.consent.State']
  const entries: [string, PurposeState][] = []
  let before: string | null = null
  for (const { purpose, salt, decisionId, ...rest } of state.purposes) {
    if (before !== null && !(before < purpose)) {
      throw new ConsentRecordError('a state record names its purposes twice or out of order')
    }
    before = purpose
    entries.push([
      purpose,
      { ...rest, salt: salt === null ? null : salt.toString('hex'), decisionId: uuidFromBytes(decisionId) },
    ])
  }
  return {
    kind: 'state',
    state: {
      position: state.position,
      purposes: purposeRecord(entries),
      recent: state.recent.map(({ decisionId, outcome, tookAway }) => ({
        decisionId: uuidFromBytes(decisionId),
        outcome,
        ...(tookAway ? { tookAway } : {}),
      })),
      ...(state.erasedPosition < 0 ? {} : { erasedPosition: state.erasedPosition, erasedSinceMs: state.erasedSinceMs }),
      ...(state.refusedAll === null ? {} : { refusedAll: refusedAllFromAvro(state.refusedAll) }),
      ...(state.links.length === 0 ? {} : { links: state.links.map(({ ref }) => refFromBytes(ref)) }),
    },
  }
}

function refusedAllFromAvro({ kind, decisionId }: NonNullable<AvroState['refusedAll']>): RefusedAll {
  return { kind, decisionId: uuidFromBytes(decisionId) }
}

const PSEUDONYM = /^(0|[1-9][0-9]{0,8})\.([0-9a-f]{32})$/

/** Value of a record of `consent.forget`. @throws ConsentValueError when it can't be held faithfully */
export function encodeForget(order: ForgetOrder): Buffer {
  const parts = PSEUDONYM.exec(order.pseudonym)
  if (parts === null) throw new ConsentValueError('a pseudonym is <epoch>.<32 lower-case hex digits>')
  return forgetType.encode({
    purpose: checkedPurpose(order.purpose),
    epoch: Number(parts[1]),
    pseudonym: Buffer.from(parts[2] ?? '', 'hex'),
    reason: order.reason,
  })
}

/** @throws ConsentRecordError on an unknown version or anything that is not exactly one record */
export function decodeForget(bytes: Uint8Array): ForgetOrder {
  const { purpose, epoch, pseudonym, reason } = forgetType.decode(bytes)
  return { purpose, pseudonym: `${epoch}.${pseudonym.toString('hex')}`, reason }
}

/** Value of a record of a forget topic; the same for all that are written on one day. */
export function encodeForgotten(forgotten: Forgotten): Buffer {
  return forgottenType.encode(forgotten)
}

/** @throws ConsentRecordError on an unknown version or anything that is not exactly one record */
export function decodeForgotten(bytes: Uint8Array): Forgotten {
  const { day } = forgottenType.decode(bytes)
  return { day }
}

function tickToAvro(tick: Tick): AvroTick {
  return { incarnation: hex16ToBytes('an incarnation', tick.incarnation), n: tick.n, timeMs: tick.timeMs }
}

function tickFromAvro(tick: AvroTick): Tick {
  return { incarnation: tick.incarnation.toString('hex'), n: tick.n, timeMs: tick.timeMs }
}

/** Avro writes a lone surrogate as U+FFFD, so two names could become one. */
function checkedPurpose(name: string): string {
  if (name === '' || !name.isWellFormed()) throw new ConsentValueError('a purpose has a name of well-formed text')
  return name
}
