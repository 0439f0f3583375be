import { describe, expect, test } from 'vitest'
import { contracts } from '../../fixtures/contracts.ts'
import type { SubjectState } from '../subject-state.ts'
import { renderMessagePage } from './message-page.ts'
import { renderPreferencesPage } from './preferences-page.ts'
import { verbWords, words } from './words.ts'

const nobody: SubjectState = { position: -1, purposes: {} }

const bound = { commitsWithinMs: 15_000, visibleWithinMs: 15_600 }

function render(state: SubjectState | null = nobody): string {
  return renderPreferencesPage({ contracts, bound, state, formToken: 'a-token', decision: null })
}

function buttons(html: string): string[] {
  return html.match(/<button[^>]*>/g) ?? []
}

describe('the form', () => {
  const html = render()

  test('escapes what the contract says', () => {
    expect(html).toContain('Offers &lt;for> you &amp; &quot;yours&quot;')
    expect(html).toContain('We choose &lt;b>products&lt;/b>')
    expect(html).toContain('The page &lt;you> looked at.')
    expect(html).not.toContain('<b>')
    expect(html).not.toContain('<you>')
  })

  test('has two buttons a purpose that differ in name and value alone', () => {
    const ofChoices = buttons(html).filter((button) => !button.includes('withdraw-all'))
    const bare = ofChoices.map((button) => button.replace(/ (id|value|aria-labelledby)="[^"]*"/g, ''))
    expect(ofChoices).toHaveLength(4)
    expect(new Set(bare)).toEqual(new Set(['<button name="choice">']))
  })

  test('has nothing to tick, no script, and no style of its own', () => {
    expect(html).not.toMatch(/type="(checkbox|radio)"|checked|selected/)
    expect(html).not.toMatch(/<script|<style|style=|\son[a-z]+=|javascript:/)
    expect(html).not.toMatch(/https?:/)
  })

  test('has a language, a title, one main heading and no id twice', () => {
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(html).toContain('<title>Your choices</title>')
    expect(html.match(/<h1>/g)).toHaveLength(1)
    const ids = [...html.matchAll(/ id="([^"]*)"/g)].map((found) => found[1])
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('labels everything with ids that are there', () => {
    const ids = new Set([...html.matchAll(/ id="([^"]*)"/g)].map((found) => found[1]))
    const labels = [...html.matchAll(/aria-labelledby="([^"]*)"/g)].flatMap((found) => found[1]?.split(' ') ?? [])
    expect(labels.length).toBeGreaterThan(6)
    for (const label of labels) expect(ids).toContain(label)
  })

  test('says in the contract’s words what is used and in which form, for how long and by whom', () => {
    const replaced = `<dt>${verbWords.pseudonymize}</dt><dd>Who you are in the shop.</dd>`
    expect(html.split(replaced)).toHaveLength(3)
    expect(html.split('The page &lt;you> looked at.')).toHaveLength(3)
    expect(html).toContain(`<dt>${verbWords.day}</dt><dd>When it happened.</dd>`)
    expect(html).toContain('90 days')
    expect(html).toContain('recommender')
    expect(html).toContain(words.otherwiseNothing)
  })
})

describe('what holds now', () => {
  const since = '2026-03-03T14:03:22.000Z'

  test('an undecided purpose is not allowed', () => {
    expect(render()).toContain(words.status.undecided)
  })

  test('a grant is told with its beginning, and with changed words when its notice is old', () => {
    const granted = { status: 'granted', since, until: '2026-08-30T14:03:22.000Z' } as const
    const current = render({ position: 3, purposes: { personalization: { ...granted, notice: 4 } } })
    expect(current).toContain('<time datetime="2026-03-03T14:03:22.000Z">3 March 2026')
    expect(current).toContain(words.status.granted)
    expect(current).not.toContain(words.olderNotice)
    expect(render({ position: 3, purposes: { personalization: { ...granted, notice: 3 } } })).toContain(
      words.olderNotice,
    )
  })

  test('a state that can’t be read is not taken for a choice', () => {
    const html = render(null)
    expect(html).toContain(words.unreadable)
    expect(html).not.toContain(words.status.undecided)
  })
})

test('the outcome comes first in the title and is announced', () => {
  const html = renderPreferencesPage({
    contracts,
    state: nobody,
    bound,
    formToken: 'a-token',
    decision: { status: 'pending', effectiveAtMs: null },
  })
  expect(html).toContain('<title>Recorded – Your choices</title>')
  expect(html).toMatch(/role="status">[^<]*not yet in force/)
})

test('a page of an error is a whole page', () => {
  const html = renderMessagePage('expired')
  expect(html).toMatch(/^<!doctype html>\n<html lang="en">/)
  expect(html).toContain('<h1>This link has run out</h1>')
})

test('the page says within what time a choice holds for all, rounded up', () => {
  expect(render()).toContain('at the latest 16 seconds after that')
})
