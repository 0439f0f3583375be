import { Random, zipf } from '../../workload/random.ts'

/** Names that the workload fixes: 50,000 people, chosen with a skew of 1.1. */
const SUBJECTS = 50_000
const SKEW = 1.1
const WEEK_MS = 7 * 24 * 3_600_000

const TYPES = ['page_view', 'product_view', 'add_to_cart', 'purchase', 'search'] as const
const CATEGORIES = ['shoes', 'outdoor', 'kitchen', 'electronics', 'books', 'garden', 'toys'] as const
const PLACES = [
  { country: 'DE', city: 'Hamburg' },
  { country: 'FR', city: 'Lyon' },
  { country: 'NL', city: 'Utrecht' },
  { country: 'SE', city: 'Malmö' },
  { country: 'PL', city: 'Kraków' },
  { country: 'ES', city: 'Valencia' },
  { country: 'IT', city: 'Torino' },
  { country: 'US', city: 'Portland' },
] as const
const WORDS = ['running', 'waterproof', 'lamp', 'winter', 'jacket', 'usb-c', 'trail', 'novel', 'oak', 'kids'] as const
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148',
  'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0',
] as const

export interface W1Event {
  readonly subjectId: string
  readonly [field: string]: unknown
}

/** The events of W1, one after the other; the seed and `nowMs` determine every one. */
export class W1Events {
  readonly #random: Random
  readonly #nowMs: number
  /** Ids of all people; most often chosen first. */
  readonly subjects: readonly string[]
  readonly #rank = zipf(SUBJECTS, SKEW)

  constructor(seed: number, nowMs: number) {
    const subjects = new Random(`w1 subjects ${seed}`)
    this.subjects = Array.from({ length: SUBJECTS }, () => subjects.uuid())
    this.#random = new Random(`w1 events ${seed}`)
    this.#nowMs = nowMs
  }

  next(): W1Event {
    const r = this.#random
    const subjectId = this.subjects[this.#rank(r)] as string
    const category = r.pick(CATEGORIES)
    const item = r.below(20_000)
    const path = `/c/${category}/p/${item}`
    return {
      eventId: r.uuid(),
      eventType: r.pick(TYPES),
      occurredAt: this.#nowMs - r.below(WEEK_MS),
      subjectId,
      // Twenty visits of each person.
      sessionId: `${subjectId.slice(0, 24)}${String(r.below(20)).padStart(12, '0')}`,
      anonymousId: r.chance(50) ? r.hex(16) : null,
      page: {
        url: `https://shop.example${path}?utm_source=newsletter&utm_campaign=autumn&cid=${r.below(1_000_000)}`,
        path,
        referrer: r.chance(50) ? `https://search.example/?q=${category}` : null,
        title: r.chance(67) ? `Item ${item} in ${category} | Shop` : null,
      },
      device: {
        userAgent: r.pick(AGENTS),
        ip: `203.0.${r.below(256)}.${r.below(256)}`,
        language: 'en-GB',
        viewport: r.chance(75) ? '1920x1080' : null,
      },
      geo: r.chance(60) ? this.#geo() : null,
      product: r.chance(70)
        ? { sku: `SKU-${item}`, category, priceCents: 100 + r.below(50_000), currency: 'EUR' }
        : null,
      searchQuery: r.chance(20) ? `${r.pick(WORDS)} ${r.pick(WORDS)}` : null,
      email: r.chance(50) ? `person${r.below(1_000_000)}@mail.example` : null,
      phone: r.chance(10) ? `+49 40 ${1_000_000 + r.below(9_000_000)}` : null,
      experiments: this.#experiments(),
    }
  }

  #geo(): object {
    const r = this.#random
    const place = r.pick(PLACES)
    return {
      ...place,
      region: `region-${PLACES.indexOf(place)}`,
      latitude: 45 + r.fraction() * 10,
      longitude: r.fraction() * 20,
    }
  }

  #experiments(): Record<string, string> {
    const r = this.#random
    const count = r.below(4)
    return Object.fromEntries(
      Array.from({ length: count }, () => [`exp-${r.below(40)}`, r.chance(50) ? 'control' : 'variant']),
    )
  }
}
