import type { ServiceProcess } from './service-process.ts'

/** Samples of a Prometheus text page by name and labels, as far as the demo shows them. */
export class MetricsPage {
  readonly text: string
  readonly #samples: { name: string; labels: string; value: number }[]

  constructor(text: string) {
    this.text = text
    this.#samples = text.split('\n').flatMap((line) => {
      const match = /^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)/.exec(line)
      if (match === null) return []
      const value = match[3] === '+Inf' ? Number.POSITIVE_INFINITY : Number(match[3])
      return [{ name: match[1] ?? '', labels: match[2] ?? '', value }]
    })
  }

  /** Sum of all samples with these labels; 0 when there are none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
    return this.#samples
      .filter((sample) => sample.name === name && wanted.every((label) => sample.labels.includes(label)))
      .reduce((sum, { value }) => sum + value, 0)
  }
}

export async function readMetrics(service: ServiceProcess): Promise<MetricsPage> {
  return new MetricsPage(await service.metrics())
}
