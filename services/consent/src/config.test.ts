import { ConfigError, readConfig } from '@weir/service'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { consentServiceConfig } from './config.ts'

const config = z.object(consentServiceConfig)

function read(environment: Record<string, string>) {
  return readConfig('consent', config, { WEIR_SERVICE_TOKEN_FILE: '/token', ...environment })
}

test('the API is bound to this machine alone', () => {
  expect(read({})).toMatchObject({ WEIR_HTTP_HOST: '127.0.0.1', WEIR_HTTP_PORT: 0 })
  expect(read({ WEIR_HTTP_HOST: '::1' }).WEIR_HTTP_HOST).toBe('::1')
})

test.each(['0.0.0.0', '::', '10.0.0.7', 'example.org', '127.0.0.1.example.org'])(
  'another address is refused with the reason: %s',
  (host) => {
    expect(() => read({ WEIR_HTTP_HOST: host })).toThrow(ConfigError)
    expect(() => read({ WEIR_HTTP_HOST: host })).toThrow(/only 127\.0\.0\.1, ::1 or localhost.*no TLS/)
  },
)
