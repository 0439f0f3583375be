import type { StackEnv } from '../stack/index.ts'
import type { DataFolder } from './data-folder.ts'
import { ServiceProcess } from './service-process.ts'

export interface Services {
  readonly projector: ServiceProcess
  readonly consent: ServiceProcess
  readonly sanitizer: ServiceProcess
  readonly forgetter: ServiceProcess
}

/** A withdrawal is to be seen downstream while the demo runs. */
const FORGET_SPREAD_MS = 1_000

/** Starts every service as its own process; resolves when all that an event needs do their job. On failure none is left. */
export async function startServices(
  stack: StackEnv,
  namespace: string,
  contractsFolder: string,
  data: DataFolder,
  own: (services: Services) => void,
): Promise<Services> {
  const env = {
    ...stack,
    WEIR_NAMESPACE: namespace,
    WEIR_CONTRACTS: contractsFolder,
    WEIR_ROOT_KEY_FILE: data.rootKeyFile,
    WEIR_REFERENCE_KEY_FILE: data.referenceKeyFile,
    WEIR_SERVICE_TOKEN_FILE: data.serviceTokenFile,
    WEIR_FORGET_SPREAD_MS: String(FORGET_SPREAD_MS),
    WEIR_LOG_LEVEL: 'info',
  }
  const start = (name: keyof Services) => new ServiceProcess({ name, env, logFile: data.logFile(name) })
  const needed = { projector: start('projector'), consent: start('consent'), sanitizer: start('sanitizer') }
  const services = { ...needed, forgetter: start('forgetter') }
  own(services)
  await Promise.all(Object.values(needed).map((service) => service.ready()))
  return services
}

export function all({ projector, consent, sanitizer, forgetter }: Services): ServiceProcess[] {
  return [forgetter, sanitizer, consent, projector]
}

/** What the sanitizer says of itself when it is asked whether it does its job. */
export async function whyNotReady(service: ServiceProcess): Promise<string> {
  const response = await fetch(`${await service.url('ops')}/readyz`)
  return (await response.text()).trim()
}
