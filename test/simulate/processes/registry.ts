import type { RegistryReader } from '../../../services/sanitizer/src/registry.ts'
import { RAW_SCHEMA } from '../load/raw-event.ts'
import { SETTING } from '../load/setting.ts'
import { clock } from './ground.ts'

const ANSWERS_AFTER_MS = 1
const RAW: unknown = JSON.parse(RAW_SCHEMA)

/** A schema registry that knows what `weir contract apply` would have registered, and is never away. */
export const registry: RegistryReader = {
  async schemaById(id) {
    await answer()
    return id === SETTING.rawSchemaId ? { kind: 'found', schema: RAW } : { kind: 'absent' }
  },
  async knowsSubject() {
    await answer()
    return 'yes'
  },
  async idOf(subject) {
    await answer()
    const purpose = SETTING.purposes.find((name) => `${SETTING.cleanTopics[name]}-value` === subject)
    return purpose === undefined ? { kind: 'absent' } : { kind: 'found', id: SETTING.cleanSchemaIds[purpose] }
  },
}

async function answer(): Promise<void> {
  await clock.sleep(ANSWERS_AFTER_MS, new AbortController().signal)
}
