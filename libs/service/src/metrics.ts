import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import manifest from '../package.json' with { type: 'json' }

/**
 * The registry of a service, with the process's own metrics and `weir_build_info`. A registry of its own, not
 * prom-client's global one, so that two services in one test process don't mix. Labels never hold ids.
 */
export function makeMetrics(service: string): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'weir_build_info',
    help: 'Always 1; its labels say what runs.',
    labelNames: ['service', 'version', 'node'],
    registers: [registry],
  }).set({ service, version: manifest.version, node: process.version }, 1)
  return registry
}
