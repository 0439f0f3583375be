import { loadContracts, type Stream } from '@weir/contracts'
import { KeyRing } from '@weir/pseudonym'
import { SETTING } from '../load/setting.ts'

export const contracts = loadContracts(SETTING.contractFolder)
export const stream = onlyStream()
export const ring = new KeyRing(new Map([[SETTING.rootKeyEpoch, SETTING.rootKey]]), SETTING.rootKeyEpoch)
export const CONSENT_TOPICS = { decisions: 'consent.decisions', state: 'consent.state', forget: 'consent.forget' }

function onlyStream(): Stream {
  const [stream] = contracts.streams
  if (stream === undefined) throw new Error(`${SETTING.contractFolder} holds no stream`)
  return stream
}
