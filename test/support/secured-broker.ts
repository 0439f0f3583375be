import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NativeStack, startNativeStack } from '@weir/infra/stack/index.ts'
import { freePort } from '@weir/infra/stack/ports.ts'
import { type Authority, newAuthority } from './certificates.ts'

/** The users of the broker; each has a password of its own in each mechanism that knows passwords. */
export const user = {
  plain: { username: 'weir', password: 'plain-s3cret' },
  'scram-sha-256': { username: 'weir', password: 'scram-256-s3cret' },
  'scram-sha-512': { username: 'weir', password: 'scram-512-s3cret' },
} as const

/** How long a login holds on the listener `shortSessions`. */
export const SESSION_MS = 4_000

export interface SecuredBroker {
  /** host:port of each listener. `login` is SASL over TLS, `openLogin` SASL without TLS; both know every mechanism. */
  readonly at: Readonly<Record<'open' | 'tls' | 'mutual' | 'login' | 'openLogin' | 'shortSessions', string>>
  /** Signed the broker's certificates, and those of clients that `mutual` lets in. */
  readonly authority: Authority
  readonly stack: NativeStack
  stop(): Promise<void>
}

/** A real broker with listeners for TLS, mutual TLS and every SASL mechanism; gone with `stop`. */
export async function startSecuredBroker(): Promise<SecuredBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-certificates-'))
  try {
    const authority = newAuthority('weir test authority')
    const broker = authority.issue({ name: 'broker', hosts: ['127.0.0.1'] })
    await writeFile(join(folder, 'broker.pem'), broker.key + broker.cert, { mode: 0o600 })
    await writeFile(join(folder, 'authority.pem'), authority.cert)
    const names = ['open', 'tls', 'mutual', 'login', 'openLogin', 'shortSessions', 'controller'] as const
    const ports = await Promise.all(names.map(freePort))
    const at = Object.fromEntries(names.map((name, i) => [name, `127.0.0.1:${ports[i]}`])) as Record<
      (typeof names)[number],
      string
    >
    const stack = await startNativeStack({
      start: ['kafka'],
      kafkaConfig: { ...listeners(at), ...certificates(folder), ...logins() },
      kafkaFormat: scramUsers(),
    })
    return {
      at,
      authority,
      stack,
      async stop() {
        await stack.stop()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

function listeners(at: SecuredBroker['at'] & { readonly controller: string }) {
  const { controller, ...forClients } = at
  const clients = Object.entries(forClients).map(([name, address]) => `${name.toUpperCase()}://${address}`)
  return {
    listeners: [...clients, `CONTROLLER://${controller}`].join(),
    'advertised.listeners': clients.join(),
    'controller.quorum.voters': `1@${controller}`,
    'inter.broker.listener.name': 'OPEN',
    'listener.security.protocol.map': [
      'OPEN:PLAINTEXT,TLS:SSL,MUTUAL:SSL,LOGIN:SASL_SSL',
      'OPENLOGIN:SASL_PLAINTEXT,SHORTSESSIONS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    ].join(),
  }
}

function certificates(folder: string) {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(folder, 'broker.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(folder, 'authority.pem'),
    'listener.name.mutual.ssl.client.auth': 'required',
  }
}

function logins(): Record<string, string | number> {
  const security = 'org.apache.kafka.common.security'
  const { username, password } = user.plain
  // Without a handler of its own the broker takes unsigned tokens, whose claims it checks: right for a test.
  const modules = {
    plain: `${security}.plain.PlainLoginModule required user_${username}="${password}";`,
    'scram-sha-256': `${security}.scram.ScramLoginModule required;`,
    'scram-sha-512': `${security}.scram.ScramLoginModule required;`,
    oauthbearer: `${security}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  }
  const settings: Record<string, string | number> = {
    'sasl.enabled.mechanisms': Object.keys(modules).join().toUpperCase(),
  }
  for (const [mechanism, module] of Object.entries(modules)) {
    for (const listener of ['login', 'openlogin', 'shortsessions']) {
      settings[`listener.name.${listener}.${mechanism}.sasl.jaas.config`] = module
    }
    settings[`listener.name.shortsessions.${mechanism}.connections.max.reauth.ms`] = SESSION_MS
  }
  return settings
}

function scramUsers(): string[] {
  return (['scram-sha-256', 'scram-sha-512'] as const).flatMap((mechanism) => {
    const { username, password } = user[mechanism]
    return ['--add-scram', `${mechanism.toUpperCase()}=[name=${username},password=${password}]`]
  })
}
