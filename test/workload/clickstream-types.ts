// Events of the stream clickstream, as its contract has them. Made by `weir contract types clickstream`:
// run it again when the contract changes, and change nothing here.

/** Something a visitor did in the shop. */
export interface ClickstreamEvent {
  /** A number that only this event has. A UUID. */
  eventId: string
  /** What you did: looked at a page or a product, put something in the cart, bought, searched. */
  eventType: EventType
  /** When you did it. Unix milliseconds, or a Date. */
  occurredAt: number | Date
  /** Your customer number. */
  subjectId: string
  /** A number for this visit to the shop. */
  sessionId: string
  /** A number the browser was given before you signed in. */
  anonymousId?: string | null | undefined
  /** A number for the browser or phone you used. */
  deviceId?: string | null | undefined
  /** The page you were on. */
  page: Page
  /** The browser or phone you used. */
  device: Device
  /** Where you were, as far as it can be told from the internet address. */
  geo?: Geo | null | undefined
  /** The product it was about, if it was about one. */
  product?: Product | null | undefined
  /** The words you searched for. */
  searchQuery?: string | null | undefined
  /** Your e-mail address. */
  email?: string | null | undefined
  /** Your telephone number. */
  phone?: string | null | undefined
  /** Which variants of the shop you were shown in trials. */
  experiments?: { [key: string]: string } | undefined
  /** What your browser asked for along with the event. */
  context?: Context | undefined
}

export type EventType = 'page_view' | 'product_view' | 'add_to_cart' | 'purchase' | 'search' | 'other'

export interface Page {
  /** The full address of the page, with all that was added to it. */
  url: string
  /** Which part of the shop the page belongs to. */
  path: string
  /** The address of the page you came from. */
  referrer?: string | null | undefined
  /** The heading of the page. */
  title?: string | null | undefined
}

export interface Device {
  /** What your browser says about itself and your machine. */
  userAgent: string
  /** The internet address you came from. */
  ip: string
  /** The language your browser asks for. */
  language: string
  /** The size of your browser's window. */
  viewport?: string | null | undefined
}

export interface Geo {
  /** The country you were in. */
  country: string
  /** The region or state you were in. */
  region: string
  /** The town you were in. */
  city: string
  /** How far north or south you were. */
  latitude: number
  /** How far east or west you were. */
  longitude: number
}

export interface Product {
  /** The article number of the product. */
  sku: string
  /** What kind of product it is. */
  category: string
  /** Its price, in hundredths of the currency. A whole number. */
  priceCents: number | bigint
  /** The currency of the price. */
  currency: string
}

export interface Context {
  /** Whether your browser asked not to sell or share your data (Global Privacy Control). */
  gpc?: boolean | null | undefined
}
