import { beforeEach, expect, test } from 'vitest'
import { afterMs, beginTime, monotonicMs, passTime, resume, runAs, SimulatedProcess, Timer } from './virtual-time.ts'

const never = () => false

beforeEach(() => beginTime())

/** There is always something still to come. */
function pass(ms: number): Promise<void> {
  afterMs(ms + 1, () => {})
  return passTime(never, ms)
}

test('timers fire in the order of their time, at one moment in the order in which they were set', async () => {
  const fired: string[] = []
  const set = (name: string, ms: number) => afterMs(ms, () => fired.push(`${name} at ${monotonicMs()}`))
  set('late', 30)
  set('first', 10)
  set('second', 10)
  await pass(40)
  expect(fired).toEqual(['first at 10', 'second at 10', 'late at 30'])
  expect(monotonicMs()).toBe(40)
})

test('what follows without waiting is done before the next timer', async () => {
  const done: string[] = []
  afterMs(1, async () => {
    for (let i = 0; i < 50; i++) await null
    done.push('all that follows')
  })
  afterMs(1, () => done.push('next'))
  await pass(2)
  expect(done).toEqual(['all that follows', 'next'])
})

test('a paused process gets late what came due meanwhile, in its order; its clock has moved on', async () => {
  const process = new SimulatedProcess('one')
  const fired: string[] = []
  runAs(process, () => {
    for (const name of ['a', 'b']) new Timer(() => fired.push(`${name} at ${monotonicMs()}`), name === 'a' ? 10 : 20)
  })
  process.state = 'paused'
  afterMs(50, () => resume(process))
  await pass(60)
  expect(fired).toEqual(['a at 50', 'b at 50'])
})

test('what a killed process waits for never comes, and what it sets in vain neither', async () => {
  const process = new SimulatedProcess('one')
  const fired: string[] = []
  runAs(process, () => new Timer(() => fired.push('never'), 10))
  afterMs(5, () => {
    process.state = 'dead'
  })
  afterMs(20, () => fired.push('the world goes on'))
  await pass(30)
  expect(fired).toEqual(['the world goes on'])
})

test('a timer belongs to the process whose timer set it', async () => {
  const process = new SimulatedProcess('one')
  const owners: unknown[] = []
  runAs(process, () => new Timer(() => owners.push(new Timer(() => {}, 1).process), 1))
  afterMs(1, () => owners.push(new Timer(() => {}, 1).process))
  await pass(5)
  expect(owners).toEqual([process, undefined])
})

test('a timer that was cleared does not fire, and time with nothing left is an error', async () => {
  const timer = new Timer(() => expect.unreachable('it was cleared'), 1)
  timer.isOff = true
  await expect(passTime(never, 5)).rejects.toThrow('nothing goes on')
})
