import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { readMetrics } from '@weir/infra/demo/metrics-page.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'

/** No registry has got that far. */
const UNKNOWN_SCHEMA_ID = 0x7fff_fff0

/** Promise 4: a registry that has lost everything answers, but tells nothing: the stream waits, nothing is thrown out. */
describe('a registry that knows nothing any more', () => {
  const weir = sharedWeir({ rawPartitions: 1 }, ['projector', 'consent'])
  let registry: Server
  /** Answers 404 to everything, as an empty registry does; else it is the stack's own. */
  let emptied = false
  let published = 0

  beforeAll(async () => {
    registry = createServer(async (request, response) => {
      const { status, body } = emptied ? NOT_FOUND : await forwarded(request)
      response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' }).end(body)
    })
    await new Promise<void>((listening) => registry.listen(0, '127.0.0.1', listening))
    await weir().decide({ subject: 'anna', kind: 'grant', purposes: ['personalization'] })
    await startSanitizer().ready()
    await publish(5)
    await weir().drained()
    expect(await granted()).toBe(5)
  })
  afterAll(async () => {
    await new Promise((closed) => registry.close(closed))
  })

  it('holds events of a schema that is not known yet instead of quarantining them, and goes on when it is back', async () => {
    const { schema } = await weir().registered('clickstream.raw')
    const newer = await weir().register('clickstream.raw', { ...(schema as object), doc: 'A newer version.' })
    emptied = true
    // What was known before needs no registry.
    await publish(5)
    await weir().drained()
    const held = await heldByRegistry()
    const waiting = [newer, newer, { schema, id: UNKNOWN_SCHEMA_ID }, undefined]
    await weir().publish(waiting.map((as) => ({ key: 'anna', value: weir().event('anna', {}, as) })))
    await until('held', async () => (await heldByRegistry()) > held)
    expect(await granted()).toBe(10)
    expect(await weir().dump('clickstream.quarantine')).toEqual([])

    emptied = false
    await weir().drained()
    published += waiting.length - 1
    expect(await granted()).toBe(published)
    // Now that the registry is worth believing, what it does not know is a bad record.
    expect(await weir().dump('clickstream.quarantine')).toHaveLength(1)
  })

  it('waits at its start, says why, and goes on when it is back', async () => {
    const before = published
    await weir().service('sanitizer').stop()
    emptied = true
    const ops = await startSanitizer().url('ops')
    await publish(5)
    await until('it says why', async () => weir().log('sanitizer').includes('has not the schema of this contract'))
    expect((await fetch(`${ops}/readyz`)).status).toBe(503)
    expect(await granted()).toBe(before)

    emptied = false
    await weir().drained()
    expect(await granted()).toBe(published)
    expect(await weir().dump('clickstream.quarantine')).toHaveLength(1)
  })

  const NOT_FOUND = { status: 404, body: JSON.stringify({ error_code: 40403, message: 'Schema not found' }) }

  async function forwarded(request: IncomingMessage): Promise<{ status: number; body: string }> {
    const { method = 'GET', url = '/' } = request
    const response = await fetch(weir().stack.SCHEMA_REGISTRY_URL + url, {
      method,
      headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
      ...(method === 'GET' ? {} : { body: await text(request) }),
    })
    return { status: response.status, body: await response.text() }
  }

  function startSanitizer() {
    const { port } = registry.address() as AddressInfo
    return weir().start('sanitizer', 'sanitizer', { SCHEMA_REGISTRY_URL: `http://127.0.0.1:${port}` })
  }

  async function publish(count: number): Promise<void> {
    await weir().publish(Array.from({ length: count }, () => ({ key: 'anna', value: weir().event('anna') })))
    published += count
  }

  async function granted(): Promise<number> {
    return (await weir().dump('clickstream.personalization')).filter(({ key }) => key !== null).length
  }

  async function heldByRegistry(): Promise<number> {
    const page = await readMetrics(weir().service('sanitizer'))
    return page.sum('weir_sanitizer_held_total', { reason: 'registry-away' })
  }
})
