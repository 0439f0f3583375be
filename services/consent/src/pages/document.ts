import { html } from 'htm/preact'
import type { ComponentChildren, VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { words } from './words.ts'

/** Where the one stylesheet is; under the form's path, so that a proxy needs one rule. */
export const STYLESHEET_PATH = '/preferences/style.css'

/** A whole page. `content` is escaped by the renderer wherever it holds text. */
export function renderDocument(title: string, content: ComponentChildren): string {
  const page = html`
    <html lang=${words.lang}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex, nofollow" />
        <title>${title}</title>
        <link rel="stylesheet" href=${STYLESHEET_PATH} />
      </head>
      <body>
        <main>${content}</main>
      </body>
    </html>
  ` as VNode
  return `<!doctype html>\n${renderToString(page)}`
}
