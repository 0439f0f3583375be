import { afterAll, beforeAll, inject } from 'vitest'
import { ALL_SERVICES, type ServiceName, Weir, type WeirOptions } from './weir.ts'

/** Weir on the shared stack for one test file: all services up and ready before its first test, gone after its last. */
export function sharedWeir(
  options: Omit<WeirOptions, 'stack'> = {},
  services: readonly ServiceName[] = ALL_SERVICES,
): () => Weir {
  let weir: Weir | undefined
  beforeAll(async () => {
    weir = new Weir({ ...options, stack: inject('stack') })
    await weir.apply()
    await weir.startAll(services)
  })
  afterAll(async () => {
    await weir?.close()
  })
  return () => {
    if (!weir) throw new Error('Weir is there only while tests run.')
    return weir
  }
}
