import type { Contracts } from '@weir/contracts'
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { Environment } from '../environment.ts'
import type { KnownDecision } from '../known-decision.ts'
import type { SubjectState } from '../subject-state.ts'
import { renderDocument } from './document.ts'
import { PurposeSection } from './purpose-section.ts'
import { Moment } from './times.ts'
import { words } from './words.ts'

export interface PreferencesPage {
  readonly contracts: Contracts
  readonly bound: Environment['bound']
  /** null: it can't be read right now. */
  readonly state: SubjectState | null
  /** Goes into each form; bound to the link. */
  readonly formToken: string
  /** The decision that was just recorded from this page. */
  readonly decision: Pick<KnownDecision, 'status' | 'effectiveAtMs'> | null
}

/**
 * The form: each purpose in plain words, with two buttons of equal weight. It posts to its own address, works without
 * scripts, and has nothing ticked beforehand.
 */
export function renderPreferencesPage(page: PreferencesPage): string {
  const { contracts, bound, state, formToken, decision } = page
  const content = html`
    <h1>${words.title}</h1>
    ${decision && html`<${Outcome} decision=${decision} />`}
    <p>${words.intro}</p>
    <p>${words.takesEffect(secondsOf(bound))}</p>
    ${state === null && html`<p class="notice" role="status">${words.unreadable}</p>`}
    ${contracts.purposes.map(
      (purpose) =>
        html`<${PurposeSection} key=${purpose.name} purpose=${purpose} contracts=${contracts} state=${state} formToken=${formToken} />`,
    )}
    <section aria-labelledby="all-title">
      <h2 id="all-title">${words.allHeading}</h2>
      <p>${words.allText}</p>
      <form method="post">
        <input type="hidden" name="token" value=${formToken} />
        <div class="choice"><button name="choice" value="withdraw-all">${words.all}</button></div>
      </form>
    </section>
  `
  const title = decision ? `${outcomeTitle(decision)} – ${words.title}` : words.title
  return renderDocument(title, content)
}

function Outcome({ decision }: { readonly decision: NonNullable<PreferencesPage['decision']> }): VNode {
  const { status, effectiveAtMs } = decision
  const text =
    status === 'effective' && effectiveAtMs !== null
      ? html`${words.outcome.effectiveSince} <${Moment} atMs=${effectiveAtMs} />.`
      : words.outcome[status]
  return html`<p class="notice" role="status">${text}</p>` as VNode
}

/** Until the last of what was under way has come out, in whole seconds, never less than it may take. */
function secondsOf({ commitsWithinMs, visibleWithinMs }: PreferencesPage['bound']): number {
  return Math.ceil(Math.max(commitsWithinMs, visibleWithinMs) / 1000)
}

/** First in the title, so that a screen reader says it first after the reload. */
function outcomeTitle(decision: NonNullable<PreferencesPage['decision']>): string {
  return words.outcomeTitle[decision.status]
}
