import { randomUUID } from 'node:crypto'

export interface Subject {
  readonly kind: 'user' | 'device'
  readonly id: string
}

export interface Decided {
  readonly decisionId: string
  /** Request sent to answer `effective` received, ms. */
  readonly effectiveMs: number
}

/** The consent API gave another answer than wanted. Never has the subject. */
class ConsentApiError extends Error {
  override readonly name = 'ConsentApiError'
  readonly code = 'WEIR_DEMO_CONSENT_API'
}

const WAIT_MS = 30_000
const GIVE_UP_MS = 60_000
const RETRY_MS = 100

/** The consent service's API as a shop's backend would use it. */
export class ConsentClient {
  readonly #url: string
  readonly #token: string
  readonly #notices: ReadonlyMap<string, number>

  /** @param notices by purpose: what shoppers were shown */
  constructor(url: string, token: string, notices: ReadonlyMap<string, number>) {
    this.#url = url
    this.#token = token
    this.#notices = notices
  }

  /** Records a decision and waits until it is in force. Retries with the same id, so that it is recorded once. */
  async decide(kind: 'grant' | 'withdraw', subject: Subject, purposes: readonly string[]): Promise<Decided> {
    const decisionId = randomUUID()
    const sentMs = performance.now()
    const notice = Object.fromEntries(purposes.map((purpose) => [purpose, this.#notices.get(purpose) ?? 0]))
    const shown = kind === 'grant' ? { notice } : {}
    const body = { decisionId, subject, kind, purposes, ...shown, source: 'demo', jurisdiction: 'DE' }
    await this.#insist('POST', '/v1/decisions', body, () => true)
    const path = `/v1/decisions/${decisionId}?waitMs=${WAIT_MS}`
    const answer = await this.#insist(
      'GET',
      path,
      undefined,
      ({ status }) => status === 'effective' || status === 'refused',
    )
    if (answer['status'] !== 'effective')
      throw new ConsentApiError(`A ${kind} was answered with "${answer['status']}".`)
    return { decisionId, effectiveMs: performance.now() - sentMs }
  }

  /** Address of the form for this subject. */
  async link(subject: Subject): Promise<string> {
    const answer = await this.#insist('POST', '/v1/links', { subject, expiresInS: 86_400 }, () => true)
    return String(answer['url'])
  }

  /** Status of each purpose. */
  async state(subject: Subject): Promise<Record<string, string>> {
    const answer = await this.#insist('POST', '/v1/state', { subject }, () => true)
    const purposes = (answer['purposes'] ?? {}) as Record<string, { status: string }>
    return Object.fromEntries(Object.entries(purposes).map(([purpose, { status }]) => [purpose, status]))
  }

  /** Asks again while the service says "later" or the answer is not yet the wanted one. */
  async #insist(
    method: 'GET' | 'POST',
    path: string,
    body: object | undefined,
    wanted: (answer: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>> {
    const until = performance.now() + GIVE_UP_MS
    for (;;) {
      const response = await fetch(this.#url + path, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      })
      const answer = (await response.json()) as Record<string, unknown>
      if (response.ok && wanted(answer)) return answer
      if (!response.ok && response.status !== 503) {
        throw new ConsentApiError(`The consent API answered ${response.status}: ${answer['message']} ${answer['mend']}`)
      }
      if (performance.now() > until) {
        const last = response.ok ? `"${answer['status']}"` : `${response.status}: ${answer['message']}`
        throw new ConsentApiError(`The consent API kept on answering ${last} for ${GIVE_UP_MS / 1000} s.`)
      }
      if (!response.ok) await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}
