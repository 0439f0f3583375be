import type { Contracts, Purpose } from '@weir/contracts'
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { SubjectState } from '../subject-state.ts'
import { type Collected, type CollectedGroup, collectedFor } from './collected.ts'
import { Moment } from './times.ts'
import { words } from './words.ts'

export interface PurposeSectionProps {
  readonly purpose: Purpose
  readonly contracts: Contracts
  readonly state: SubjectState | null
  readonly formToken: string
}

/** One purpose: what it is, what it takes, what holds now, and the two buttons. */
export function PurposeSection({ purpose, contracts, state, formToken }: PurposeSectionProps): VNode {
  const id = `purpose-${purpose.name}`
  const collected = collectedFor(purpose, contracts)
  return html`
    <section aria-labelledby=${id}>
      <h2 id=${id}>${purpose.title}</h2>
      <p>${purpose.summary}</p>
      <p><strong>${words.benefitLabel}:</strong> ${purpose.benefit}</p>
      <${Status} purpose=${purpose} state=${state} />
      <form method="post">
        <input type="hidden" name="token" value=${formToken} />
        <input type="hidden" name="purpose" value=${purpose.name} />
        <input type="hidden" name="notice" value=${purpose.notice} />
        <div class="choice">
          <${Choice} value="allow" label=${words.allow} purposeId=${id} disabled=${state === null} />
          <${Choice} value="deny" label=${words.deny} purposeId=${id} disabled=${false} />
        </div>
      </form>
      ${purpose.grantLastsMs !== null && html`<p>${words.grantLasts(Math.floor(purpose.grantLastsMs / 86_400_000))}</p>`}
      <details>
        <summary>
          ${words.collectedLabel}<span class="for-readers">: ${purpose.title}</span>
        </summary>
        ${collected.length === 0 ? html`<p>${words.notServed}</p>` : collected.map((one) => html`<${Details} collected=${one} />`)}
      </details>
    </section>
  ` as VNode
}

interface ChoiceProps {
  readonly value: string
  readonly label: string
  readonly purposeId: string
  readonly disabled: boolean
}

/** Both buttons look alike; the accessible name begins with the visible label and adds the purpose (WCAG 2.5.3). */
function Choice({ value, label, purposeId, disabled }: ChoiceProps): VNode {
  const id = `${purposeId}-${value}`
  return html`<button id=${id} name="choice" value=${value} disabled=${disabled} aria-labelledby="${id} ${purposeId}">
    ${label}
  </button>` as VNode
}

function Status({ purpose, state }: { readonly purpose: Purpose; readonly state: SubjectState | null }): VNode {
  const now = state?.purposes[purpose.name]
  if (now === undefined) {
    const text = state === null ? words.status.unreadable : words.status.undecided
    return html`<p><strong>${words.statusLabel}:</strong> ${text}</p>` as VNode
  }
  const outdated = now.status === 'granted' && now.notice < purpose.notice
  return html`
    <p>
      <strong>${words.statusLabel}:</strong> ${words.status[now.status]}${' '}
      (${words.since} <${Moment} atMs=${Date.parse(now.since)} />${
        now.status === 'granted' &&
        now.until !== null &&
        html`, ${words.until} <${Moment} atMs=${Date.parse(now.until)} />`
      })
    </p>
    ${outdated && html`<p class="notice">${words.olderNotice}</p>`}
  ` as VNode
}

function Details({ collected }: { readonly collected: Collected }): VNode {
  return html`
    <${Groups} groups=${collected.granted} />
    ${
      collected.otherwise.length === 0
        ? html`<p>${words.otherwiseNothing}</p>`
        : html`<h3>${words.otherwiseLabel}</h3>
            <${Groups} groups=${collected.otherwise} />`
    }
    <dl>
      <dt>${words.recipientsLabel}</dt>
      <dd>${collected.recipients.join(', ')}</dd>
      <dt>${words.retentionLabel}</dt>
      <dd>${words.days(collected.retentionDays)}</dd>
    </dl>
  ` as VNode
}

function Groups({ groups }: { readonly groups: readonly CollectedGroup[] }): VNode {
  return html`<dl>
    ${groups.map(
      ({ how, what }) =>
        html`<dt>${how}</dt>
          ${what.map((one) => html`<dd>${one}</dd>`)}`,
    )}
  </dl>` as VNode
}
