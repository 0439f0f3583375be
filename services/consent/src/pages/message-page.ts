import { html } from 'htm/preact'
import { renderDocument } from './document.ts'
import { words } from './words.ts'

export type PageError = keyof typeof words.errors

/** A page that says in plain words why there is no form; nothing in it depends on who asked. */
export function renderMessagePage(error: PageError): string {
  const { title, text } = words.errors[error]
  return renderDocument(
    title,
    html`<h1>${title}</h1>
      <p>${text}</p>`,
  )
}
