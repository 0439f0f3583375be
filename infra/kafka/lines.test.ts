import { expect, it } from 'vitest'
import { endText, type Line, lineText, summaryOf } from './lines.ts'

function lines(...all: Line['does'][]): Line[] {
  return all.map((does) => ({ kind: 'topic', name: 'raw', does, detail: '' }))
}

it('counts a plan and its deed alike', () => {
  const counts = { create: 2, newVersion: 1, change: 1, same: 1, refuse: 0 }
  const plan = summaryOf(lines('create', 'create', 'new-version', 'change', 'same'), false)
  const deed = summaryOf(lines('created', 'created', 'new-version', 'changed', 'same'), true)
  expect(plan).toEqual({ kind: 'summary', executed: false, ...counts })
  expect(deed).toEqual({ kind: 'summary', executed: true, ...counts })
})

it('asks for --execute only where there is something to do', () => {
  expect(endText(summaryOf(lines('create', 'same'), false))).toContain('--execute')
  expect(endText(summaryOf(lines('new-version'), false))).toContain('--execute')
  expect(endText(summaryOf(lines('same'), false))).toBe('Nothing to do.')
  expect(endText(summaryOf(lines('same'), true))).toBe('Nothing to do.')
  expect(endText(summaryOf(lines('create', 'refuse'), false))).toBe('Refused; nothing was written.')
})

it('writes a line for people', () => {
  const line = { kind: 'subject', name: 'raw-value', does: 'new-version', detail: 'FULL_TRANSITIVE' } as const
  expect(lineText(line)).toBe('subject raw-value: new version (FULL_TRANSITIVE)')
})
