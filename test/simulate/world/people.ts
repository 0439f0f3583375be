import { SETTING } from '../load/setting.ts'
import type { Decide, Who } from '../schedule/steps.ts'
import { afterMs, runAs, wallClockMs } from '../time/virtual-time.ts'
import type { Cast } from './cast.ts'

const RETRY_MS = 500
const POLL_AGAIN_MS = 300
/** How long a client waits for an answer. */
const ANSWER_WITHIN_MS = 3_000
const POLL_MS = 20_000

interface Decided {
  readonly sentAtMs: number
  acceptedAtMs: number | null
  effectiveAtMs: number | null
  readonly short: boolean
  isDone: boolean
}

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly atMs: number
}

/** Clients of the consent API: they send a decision until it is accepted, and ask until it is effective. */
export class People {
  readonly #cast: Cast
  readonly #delayMs: () => number
  readonly #say: (what: string) => void
  readonly #decisions = new Map<string, Decided>()
  /** By ref: the state that the last answer was based on. */
  readonly #basedOn = new Map<string, number>()
  #isOver = false

  constructor(cast: Cast, delayMs: () => number, say: (what: string) => void) {
    this.#cast = cast
    this.#delayMs = delayMs
    this.#say = say
  }

  get areDone(): boolean {
    return this.#decisions.values().every(({ isDone }) => isDone)
  }

  get decisions(): readonly (Omit<Decided, 'isDone'> & { readonly id: string })[] {
    return [...this.#decisions].map(([id, { sentAtMs, acceptedAtMs, effectiveAtMs, short }]) => {
      return { id, sentAtMs, acceptedAtMs, effectiveAtMs, short }
    })
  }

  /** Nobody asks any more. */
  end(): void {
    this.#isOver = true
  }

  async decide(step: Decide): Promise<void> {
    const decided = this.#decisions.get(step.id) ?? {
      sentAtMs: wallClockMs(),
      acceptedAtMs: null,
      effectiveAtMs: null,
      short: step.lastsMs !== null,
      isDone: false,
    }
    this.#decisions.set(step.id, decided)
    const ref = JSON.stringify(step.who)
    if (await this.#isAccepted(decided, this.#requestOf(step, ref), ref)) await this.#untilEffective(decided, step.id)
    decided.isDone = true
  }

  #requestOf(step: Decide, ref: string): Readonly<Record<string, unknown>> {
    const { id, kind, who, linkedTo, purposes, notices, lastsMs, basedOn } = step
    const request = { decisionId: id, kind, subject: subjectOf(who) }
    if (kind === 'link') return { ...request, linkedTo: subjectOf({ user: linkedTo ?? -1 }) }
    const notice = Object.fromEntries(purposes.map((name, i) => [name, notices[i]]))
    return {
      ...request,
      purposes,
      ...(kind === 'grant' ? { notice } : {}),
      ...(basedOn === 'now' ? {} : { basedOn: basedOn === 'before' ? (this.#basedOn.get(ref) ?? -1) : -1 }),
      ...(lastsMs === null ? {} : { decidedAt: new Date(wallClockMs() - SETTING.adsLastMs + lastsMs).toISOString() }),
    }
  }

  /** False: it never will be. */
  async #isAccepted(decided: Decided, payload: object, ref: string): Promise<boolean> {
    while (!this.#isOver) {
      const answer = await this.#ask({ method: 'POST', url: '/v1/decisions', payload }, ANSWER_WITHIN_MS)
      if (answer !== null && answer.status < 300) {
        decided.acceptedAtMs ??= answer.atMs
        if (typeof answer.body['basedOn'] === 'number') this.#basedOn.set(ref, answer.body['basedOn'])
        return true
      }
      if (answer !== null && answer.status < 500 && answer.status !== 429) {
        this.#say(`a decision is answered ${answer.status} ${String(answer.body['code'])}`)
        return false
      }
      await pause(RETRY_MS)
    }
    return false
  }

  async #untilEffective(decided: Decided, id: string): Promise<void> {
    while (decided.effectiveAtMs === null && !this.#isOver) {
      const url = `/v1/decisions/${id}?waitMs=${POLL_MS}`
      const answer = await this.#ask({ method: 'GET', url }, POLL_MS + ANSWER_WITHIN_MS)
      if (answer?.status === 200 && answer.body['status'] !== 'pending') decided.effectiveAtMs ??= answer.atMs
      else await pause(POLL_AGAIN_MS)
    }
  }

  /** Null: no answer came. */
  #ask(
    request: { readonly method: 'POST' | 'GET'; readonly url: string; readonly payload?: object },
    withinMs: number,
  ): Promise<Answer | null> {
    return new Promise((resolve) => {
      afterMs(withinMs, () => resolve(null))
      const reached = this.#cast.api()
      if (reached === null) return afterMs(this.#delayMs(), () => resolve(null))
      const { process, app } = reached
      runAs(process, () => {
        setTimeout(() => {
          app.inject(request).then(
            (response) => {
              const answer = { status: response.statusCode, body: response.json(), atMs: wallClockMs() }
              afterMs(this.#delayMs(), () => resolve(answer))
            },
            () => afterMs(this.#delayMs(), () => resolve(null)),
          )
        }, this.#delayMs())
      })
    })
  }
}

function subjectOf(who: Who): { readonly kind: string; readonly id: string | undefined } {
  return 'user' in who
    ? { kind: 'user', id: SETTING.users[who.user] }
    : { kind: 'device', id: SETTING.devices[who.device] }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => afterMs(ms, resolve))
}
