import { randomBytes, randomUUID } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeForget, decodeStateRecord, type PurposeState } from '@weir/consent'
import { KeyRing, purposeKeys, referenceHasher, subjectPseudonym } from '@weir/pseudonym'
import { describe, expect, it } from 'vitest'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'

const PURPOSE = 'personalization'

describe('the root key is rotated as docs/how-to/rotate-root-key.md says', () => {
  const weir = sharedWeir({}, ['projector', 'consent'])
  const keyFile = (name: string) => join(weir().folder, 'root', name)

  it('gives new grants the new epoch, while those that run keep theirs, and their salt, through a renewal', async () => {
    await Promise.all(['ann', 'bob'].map((subject) => decide('grant', subject)))
    const before = await grants()

    mkdirSync(keyFile(''))
    copyFileSync(join(weir().folder, 'root.key'), keyFile('1.key'))
    writeFileSync(keyFile('2.key'), randomBytes(32), { mode: 0o600 })
    await restart('projector', 'consent')
    await Promise.all(['ann', 'dora'].map((subject) => decide('grant', subject)))
    const after = await grants()
    expect(after('ann')).toMatchObject({ epoch: 1, salt: before('ann').salt })
    expect(after('dora').epoch).toBe(2)
  }, 90_000)

  it('orders pseudonyms of both epochs forgotten', async () => {
    const running = await grants()
    const expected = ['bob', 'dora'].map((subject) => pseudonymOf(subject, running(subject)))
    expect(expected.map((pseudonym) => pseudonym.split('.')[0])).toEqual(['1', '2'])
    await Promise.all(['bob', 'dora'].map((subject) => decide('withdraw', subject)))
    expect((await forgotten()).sort()).toEqual(expected.sort())
  }, 60_000)

  it('stops at the end of a grant whose key was retired too early, and goes on when the key is back', async () => {
    const expected = pseudonymOf('ann', (await grants())('ann'))
    renameSync(keyFile('1.key'), join(weir().folder, '1.key'))
    await restart('projector')
    const body = {
      decisionId: randomUUID(),
      subject: { kind: 'user', id: 'ann' },
      kind: 'withdraw',
      purposes: [PURPOSE],
    }
    await weir().api('POST', '/v1/decisions', body)
    await until('the projector has ended', () => !weir().service('projector').running)
    expect(weir().log('projector')).toContain('WEIR_KEY_EPOCH_MISSING')
    expect(await forgotten()).not.toContain(expected)

    renameSync(join(weir().folder, '1.key'), keyFile('1.key'))
    await restart('projector')
    await until('the withdrawal is in force', async () => {
      const { status } = await weir().api('GET', `/v1/decisions/${body.decisionId}?waitMs=5000`)
      return status === 'effective'
    })
    expect(await forgotten()).toContain(expected)
  }, 90_000)

  async function decide(kind: 'grant' | 'withdraw', subject: string): Promise<void> {
    expect((await weir().decide({ subject, kind, purposes: [PURPOSE] })).status).toBe('effective')
  }

  async function restart(...names: readonly ('projector' | 'consent')[]): Promise<void> {
    await Promise.all(names.map((name) => weir().service(name).stop()))
    const env = { WEIR_ROOT_KEY_FILE: keyFile('') }
    await Promise.all(names.map((name) => weir().start(name, name, env).ready()))
  }

  function refOf(subject: string): string {
    return referenceHasher(readFileSync(join(weir().folder, 'reference.key'))).ref('user', subject)
  }

  /** What `consent.state` holds now, by subject. */
  async function grants(): Promise<(subject: string) => PurposeState> {
    const records = (await weir().dump('consent.state')).sort((a, b) => a.offset - b.offset)
    const last = new Map<string, PurposeState | undefined>()
    for (const { key, value } of records) {
      const record = decodeStateRecord(value ?? Buffer.alloc(0))
      if (key !== null && record.kind === 'state') last.set(key.toString('hex'), record.state.purposes[PURPOSE])
    }
    return (subject) => {
      const grant = last.get(refOf(subject))
      if (grant === undefined) throw new Error('no state of this subject')
      return grant
    }
  }

  function pseudonymOf(subject: string, { epoch, salt }: PurposeState): string {
    const ring = new KeyRing([[epoch, readFileSync(keyFile(`${epoch}.key`))]], epoch)
    const key = purposeKeys(ring).grantKey(PURPOSE, epoch, salt ?? '')
    return subjectPseudonym(key, Buffer.from(refOf(subject), 'hex'))
  }

  async function forgotten(): Promise<string[]> {
    const orders = await weir().dump('consent.forget')
    return orders.map(({ value }) => decodeForget(value ?? Buffer.alloc(0)).pseudonym)
  }
})
