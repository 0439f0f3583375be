import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Sealer } from './environment.ts'
import { type Subject, subjectField } from './request-body.ts'

/** What a link to the form holds. It is a key to one person's choices: never logged, and sealed. */
export interface Link {
  readonly subject: Subject
  readonly expiresAtMs: number
}

/** What a form on the page holds, so that a post can only come from a page that this service made for this link. */
export interface FormToken {
  /** Position of the state that the page showed; null when it could not be read. */
  readonly basedOn: number | null
}

const linkContent = z.strictObject({ s: subjectField, e: z.int() })
const formContent = z.strictObject({ l: z.string(), p: z.int().nullable() })

/** A link's last part of the path: base64url, about 150 characters for a short id. */
export function sealLink(sealer: Sealer, link: Link): string {
  return sealJson(sealer, { s: link.subject, e: link.expiresAtMs })
}

export type OpenedLink =
  | { readonly kind: 'open'; readonly subject: Subject }
  | { readonly kind: 'expired' }
  | { readonly kind: 'forged' }

export function openLink(sealer: Sealer, text: string, nowMs: number): OpenedLink {
  const content = openJson(sealer, text, linkContent)
  if (content === null) return { kind: 'forged' }
  return content.e <= nowMs ? { kind: 'expired' } : { kind: 'open', subject: content.s }
}

export function sealFormToken(sealer: Sealer, link: string, basedOn: number | null): string {
  return sealJson(sealer, { l: linkDigest(link), p: basedOn })
}

/** null: not from a page that was made for this link. */
export function openFormToken(sealer: Sealer, text: string, link: string): FormToken | null {
  const content = openJson(sealer, text, formContent)
  if (content === null || content.l !== linkDigest(link)) return null
  return { basedOn: content.p }
}

function linkDigest(link: string): string {
  return createHash('sha256').update(link).digest('base64url')
}

function sealJson(sealer: Sealer, content: unknown): string {
  return Buffer.from(sealer.seal(Buffer.from(JSON.stringify(content)))).toString('base64url')
}

function openJson<Shape extends z.ZodType>(sealer: Sealer, text: string, shape: Shape): z.output<Shape> | null {
  const sealed = Buffer.from(text, 'base64url')
  // One spelling a link: the decoder skips characters that don't belong.
  if (sealed.toString('base64url') !== text) return null
  const opened = sealer.open(sealed)
  // What opens was sealed here, so its JSON is whole; its shape may be that of an older version.
  if (opened === null) return null
  const parsed = shape.safeParse(JSON.parse(Buffer.from(opened).toString('utf8')))
  return parsed.success ? parsed.data : null
}
