import type { ClickstreamEvent } from './clickstream-types.ts'
import type { Random } from './random.ts'
import type { Shopper } from './shoppers.ts'

const TYPES = ['page_view', 'product_view', 'add_to_cart', 'purchase', 'search'] as const
const CATEGORIES = ['shoes', 'outdoor', 'kitchen', 'electronics', 'books', 'garden', 'toys', 'health'] as const
const PLACES = [
  { country: 'DE', region: 'Hamburg', city: 'Hamburg' },
  { country: 'FR', region: 'Rhône', city: 'Lyon' },
  { country: 'NL', region: 'Utrecht', city: 'Utrecht' },
  { country: 'SE', region: 'Skåne', city: 'Malmö' },
  { country: 'PL', region: 'Małopolska', city: 'Kraków' },
  { country: 'ES', region: 'Valencia', city: 'Valencia' },
  { country: 'IT', region: 'Piemonte', city: 'Torino' },
  { country: 'US', region: 'Oregon', city: 'Portland' },
] as const
const WORDS = ['running', 'waterproof', 'lamp', 'winter', 'jacket', 'usb-c', 'trail', 'novel', 'oak', 'kids'] as const
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile',
  'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0',
] as const
const LANGUAGES = ['en-GB', 'de-DE', 'fr-FR', 'nl-NL'] as const
const PAGES = ['/', '/search', '/cart', '/checkout', '/help/returns'] as const

/**
 * An event with the shares of W1: 60 % geo, 70 % product, 20 % search, 50 % e-mail, 10 % phone, up to 3 experiments.
 * Personal values carry marks of their own (a campaign id, a build, a district, an order number), so that each can be
 * found again as bytes; about 600 bytes in Avro.
 *
 * `queries` are searches that a policy lets through; a third of the searches are of them, the rest is what people
 * type and nobody foresaw. `occurredAt` is 0: the time is set when it is published.
 */
export function makeEvent(random: Random, shopper: Shopper, queries: readonly string[]): ClickstreamEvent {
  const category = random.pick(CATEGORIES)
  const item = random.below(20_000)
  const path = pagePath(random, category, item)
  const place = random.pick(PLACES)
  return {
    eventId: random.uuid(),
    eventType: random.pick(TYPES),
    occurredAt: 0,
    subjectId: shopper.subjectId,
    sessionId: random.pick(shopper.sessions),
    anonymousId: random.chance(50) ? `anon-${random.hex(16)}` : null,
    deviceId: random.chance(70) ? pickDevice(random, shopper.devices) : null,
    page: {
      url: `https://shop.example${path}?utm_source=newsletter&utm_campaign=autumn&cid=${random.hex(12)}`,
      path,
      referrer: random.chance(50) ? `https://search.example/?q=${category}&session=${random.hex(12)}` : null,
      title: random.chance(66) ? `Item ${item} in ${category} | Shop | visit ${random.hex(10)}` : null,
    },
    device: {
      userAgent: `${random.pick(AGENTS)} ShopApp/7.${random.below(40)} (${random.hex(10)})`,
      ip: address(random),
      language: random.pick(LANGUAGES),
      viewport: random.chance(75) ? '1920x1080' : null,
    },
    geo: random.chance(60)
      ? {
          country: place.country,
          region: `${place.region}, district ${random.hex(8)}`,
          city: `${place.city} near ${random.below(9000) + 1000}/${random.hex(6)}`,
          latitude: 45 + random.fraction() * 10,
          longitude: random.fraction() * 20,
        }
      : null,
    product: random.chance(70)
      ? { sku: `SKU-${item}`, category, priceCents: 100 + random.below(50_000), currency: 'EUR' }
      : null,
    searchQuery: random.chance(20) ? search(random, queries) : null,
    email: random.chance(50) ? `person.${random.hex(10)}@mail.example` : null,
    phone: random.chance(10) ? `+49 40 ${random.below(9_000_000) + 1_000_000}-${random.below(900) + 100}` : null,
    experiments: experiments(random),
    context: { gpc: shopper.gpc ? true : random.chance(30) ? false : null },
  }
}

/** Most pages are a product or a category; some are plain, and some name an order, which is nobody's business. */
function pagePath(random: Random, category: string, item: number): string {
  const draw = random.below(100)
  if (draw < 60) return `/c/${category}/p/${item}`
  if (draw < 80) return `/c/${category}`
  if (draw < 90) return `/account/orders/${random.hex(12)}`
  return random.pick(PAGES)
}

function pickDevice(random: Random, devices: readonly string[]): string {
  return random.chance(70) ? (devices[0] as string) : random.pick(devices)
}

/** IPv6 from the range for documentation (RFC 3849), or W1's IPv4 form. */
function address(random: Random): string {
  if (random.chance(50)) return `2001:db8:${random.hex(4)}:${random.hex(4)}::${random.hex(4)}`
  return `203.0.${100 + random.below(156)}.${100 + random.below(156)}`
}

function search(random: Random, queries: readonly string[]): string {
  if (queries.length > 0 && random.chance(33)) return random.pick(queries)
  return `${random.pick(WORDS)} ${random.pick(WORDS)} for ${random.hex(8)}`
}

function experiments(random: Random): Record<string, string> {
  const assigned: Record<string, string> = {}
  for (let n = random.below(4); n > 0; n--) {
    assigned[`exp-${random.below(40)}`] = `${random.chance(50) ? 'control' : 'variant'}-${random.hex(8)}`
  }
  return assigned
}
