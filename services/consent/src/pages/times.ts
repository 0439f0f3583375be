import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { words } from './words.ts'

const format = new Intl.DateTimeFormat(words.locale, {
  dateStyle: 'long',
  timeStyle: 'medium',
  timeZone: 'UTC',
})

/** A moment for people and for machines. In UTC, and says so: without scripts the reader's zone is not known. */
export function Moment({ atMs }: { readonly atMs: number }): VNode {
  const date = new Date(atMs)
  return html`<time datetime=${date.toISOString()}>${format.format(date)} UTC</time>` as VNode
}
