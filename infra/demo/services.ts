import type { StackEnv } from '../stack/index.ts'
import type { DataFolder } from './data-folder.ts'
import { ServiceProcess } from './service-process.ts'

export interface Services {
  readonly projector: ServiceProcess
  readonly consent: ServiceProcess
  readonly sanitizer: ServiceProcess
}

/** Starts every service as its own process; resolves when all do their job. On failure none is left. */
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
    WEIR_LOG_LEVEL: 'info',
  }
  const start = (name: 'projector' | 'consent' | 'sanitizer') =>
    new ServiceProcess({ name, env, logFile: data.logFile(name) })
  const services = { projector: start('projector'), consent: start('consent'), sanitizer: start('sanitizer') }
  own(services)
  await Promise.all(all(services).map((service) => service.ready()))
  return services
}

export function all({ projector, consent, sanitizer }: Services): ServiceProcess[] {
  return [sanitizer, consent, projector]
}

/** What the sanitizer says of itself when it is asked whether it does its job. */
export async function whyNotReady(service: ServiceProcess): Promise<string> {
  const response = await fetch(`${await service.url('ops')}/readyz`)
  return (await response.text()).trim()
}
