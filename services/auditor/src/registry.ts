import { EvidenceError } from './evidence.ts'

/** Confluent's API of a schema registry, as much of it as an audit reads. */
export class Registry {
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(address: string) {
    const url = new URL(address)
    const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    this.#headers = url.username === '' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }
    url.username = ''
    url.password = ''
    this.#url = url.href.replace(/\/+$/, '')
  }

  /** Parsed JSON; null: the registry knows no such id. */
  async schema(id: number): Promise<unknown> {
    const answer = await this.#get(`/schemas/ids/${id}`)
    return answer === null ? null : JSON.parse(String(answer['schema']))
  }

  /** Id of the newest version; null: nothing is registered. */
  async newest(subject: string): Promise<number | null> {
    const answer = await this.#get(`/subjects/${encodeURIComponent(subject)}/versions/latest`)
    return answer === null ? null : Number(answer['id'])
  }

  async #get(path: string): Promise<Readonly<Record<string, unknown>> | null> {
    let response: Response
    try {
      response = await fetch(this.#url + path, { headers: this.#headers, signal: AbortSignal.timeout(10_000) })
    } catch {
      throw new EvidenceError('the schema registry does not answer')
    }
    if (response.status === 404) return null
    if (!response.ok) throw new EvidenceError(`the schema registry answered ${response.status}`)
    return (await response.json()) as Readonly<Record<string, unknown>>
  }
}
