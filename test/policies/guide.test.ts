import { afterAll, describe, expect, it } from 'vitest'
import { blocksOf, Clone } from './guide.ts'

describe.each(['docs/how-to/first-policy.md'])('the guide %s', (guide) => {
  const clone = new Clone()
  afterAll(() => clone.remove())

  it('does what it says, command by command', { timeout: 120_000 }, () => {
    const blocks = blocksOf(guide)
    let printed = ''
    let commands = 0
    for (const block of blocks) {
      if (block.kind === 'file') clone.write(block)
      if (block.kind === 'commands') {
        const steps = clone.run(block)
        for (const { command, wanted, exit, printed: said } of steps) {
          expect(exit, `${guide}:${block.line}: ${command}\n${said}`).toBe(wanted)
        }
        printed = steps.map((step) => step.printed).join('')
        commands += steps.length
      }
      if (block.kind === 'printed') {
        for (const line of block.text.trim().split('\n'))
          expect(printed, `${guide}:${block.line}`).toContain(line.trim())
      }
    }
    expect(commands).toBeGreaterThan(5)
  })
})
