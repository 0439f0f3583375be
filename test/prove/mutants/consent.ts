import { type Mutant, mutantsOf } from './mutant.ts'

const decide = mutantsOf('libs/consent/src/decide.ts', ['libs/consent/src/decide.test.ts'])
const holds = mutantsOf('libs/consent/src/holds.ts', ['libs/consent/src/decide.test.ts'])
const may = mutantsOf('libs/consent/src/may.ts', ['libs/consent/src/decide.test.ts'])
const fold = mutantsOf('libs/consent/src/fold.ts', ['libs/consent/src/fold'])
const link = mutantsOf('libs/consent/src/link.ts', ['libs/consent/src/link.test.ts'])
const notice = mutantsOf('libs/consent/src/notice.ts', ['libs/consent/src'])

/** Who may see what: the decision rule, and the fold that makes the states it reads. */
export const CONSENT: readonly Mutant[] = [
  holds.leak(
    'an event from one millisecond before its grant passes',
    '!(holds.sinceMs <= eventTimeMs)',
    '!(holds.sinceMs <= eventTimeMs + 1)',
  ),
  holds.leak(
    'a grant covers events from before it',
    'holds === undefined || !(holds.sinceMs <= eventTimeMs)',
    'holds === undefined',
  ),
  holds.leak(
    'a grant still holds at its until',
    'Math.max(eventTimeMs, tickTimeMs) < holds.untilMs',
    'Math.max(eventTimeMs, tickTimeMs) <= holds.untilMs',
  ),
  holds.leak('a grant that ran out since the event still holds', 'Math.max(eventTimeMs, tickTimeMs)', 'eventTimeMs'),
  holds.leak('a grant that can run out holds before the first tick', 'tickTimeMs > 0 && ', ''),
  holds.leak('a policy of the next notice applies', 'notice <= shown)', 'notice <= shown + 1)'),
  decide.leak(
    'what the device refused passes',
    'if (DEVICE_DENIES[standing(device, purpose)] !== false) return false',
    'if (DEVICE_DENIES[standing(device, purpose)] === undefined) return false',
  ),
  decide.leak(
    "an event's own signal is not listened to",
    "ownSignal && gpcDenies ? 'signalled'",
    "ownSignal && gpcDenies ? 'covered'",
  ),
  decide.leak('the first needed purpose is not asked for', 'of rule.needs) {', 'of rule.needs.slice(1)) {'),
  decide.leak(
    'sensitive values pass without the purpose that they need',
    '    mayPass(need, subject, device, eventTimeMs, ownSignal, tickTimeMs) &&\n',
    '',
  ),
  decide.leak(
    'sensitive values pass where the event itself does not',
    'tickTimeMs) &&\n    allowedVersion(rule, subject, device, eventTimeMs, ownSignal, tickTimeMs) >= 0',
    'tickTimeMs)',
  ),
  decide.leak('a grant without a salt allows', 'grant === undefined || grant.salt === null', 'grant === undefined'),
  holds.leak(
    'after everything was erased a purpose never heard of is not refused',
    "((state.erasedPosition ?? -1) >= 0 ? 'erased' : 'absent')",
    "'absent'",
  ),
  may.leak(
    'being told counts as consent',
    '// Being told is no consent.\n    notified: NEVER',
    'notified: WHEN_COVERED',
  ),
  may.leak(
    'a withdrawn purpose counts',
    'notified: NEVER,\n    withdrawn: NEVER',
    'notified: NEVER,\n    withdrawn: WHEN_COVERED',
  ),
  may.leak(
    'an objection to legitimate interest does not count',
    'notified: WHEN_COVERED,\n    withdrawn: NEVER,\n    objected: NEVER',
    'notified: WHEN_COVERED,\n    withdrawn: NEVER,\n    objected: WHEN_COVERED',
  ),
  may.leak("a device's objection does not count", 'objected: true', 'objected: false'),
  notice.leak(
    'a renewal under a wider notice opens earlier events',
    'noticeBefore: Math.min(before.noticeBefore, notice)',
    'noticeBefore: notice',
  ),
  notice.leak(
    'a later notice counts for an event from just before it',
    'eventTimeMs >= held.noticeSinceMs',
    'eventTimeMs + 1 >= held.noticeSinceMs',
  ),
  fold.leak(
    'a renewal revives a grant that ran out',
    'const running = draft.runningGrant(purpose)',
    "const held = draft.get(purpose)\n    const running = held?.status === 'granted' ? held : null",
  ),
  fold.leak(
    'a grant is still running at its until',
    'this.at.appendTimeMs < current.untilMs',
    'this.at.appendTimeMs <= current.untilMs',
  ),
  fold.leak(
    'a grant begins when it was decided, however late it came',
    'const sinceMs = Math.max(decision.decidedAtMs, at.appendTimeMs)\n  const runOut',
    'const sinceMs = decision.decidedAtMs\n  const runOut',
  ),
  fold.leak('a grant passes a withdrawal it did not know', 'basedOn < withdrawn', 'basedOn + 1 < withdrawn'),
  fold.leak(
    'a yes from before a withdrawal lifts it',
    'if (status === null || !REFUSALS.has(status)) return',
    "if (status !== 'objected') return",
  ),
  fold.leak(
    'a withdrawal with the id of a grant is taken for its repeat',
    '(!takesAway || recent.tookAway === true)',
    "(!takesAway || recent.outcome === 'applied')",
  ),
  fold.leak(
    'a grant is refused only when all of its purposes were withdrawn',
    'purposes.some((purpose) => draft.isStale(purpose))',
    'purposes.every((purpose) => draft.isStale(purpose))',
  ),
  fold.leak(
    'the salt stays when its grant is withdrawn',
    '      status,\n      withdrawnPosition',
    '      status,\n      salt: draft.get(purpose)?.salt ?? null,\n      withdrawnPosition',
  ),
  fold.leak(
    'being told lifts a withdrawal',
    '(status !== null && REFUSALS.has(status))) continue',
    "status === 'objected') continue",
  ),
  fold.leak(
    'erasing everything leaves purposes not heard of yet',
    '  if (purposes.length === 0) draft.takeAwayAll()\n',
    '',
  ),
  fold.leak(
    'the pseudonym of a grant that ran out is not told to be forgotten',
    "    if (running === null) draft.endGrant(purpose, 'expired')\n",
    '',
  ),
  link.leak(
    'what a device refused before it was linked is not carried',
    'return [...refusals.values()].map((refusal) => carry(refusal, subject))',
    'return [...refusals.values()].slice(0, 0).map((refusal) => carry(refusal, subject))',
  ),
  link.leak(
    'a refusal on a device is carried to the first of its subjects only',
    'return links.map((subject) => carry',
    'return links.slice(0, 1).map((subject) => carry',
  ),
  link.leak(
    'a refusal of everything is not carried with a later link',
    'if (refusedAll !== undefined) {',
    'if (refusedAll !== undefined && device.links !== undefined) {',
  ),
  link.leak('an objection on a device is not carried with a later link', "  objected: 'object',\n", ''),
  link.leak(
    'what is carried has the id it had on the device, so that two subjects can’t be told apart',
    'decisionId: carriedId(decisionId, subject),',
    'decisionId,',
  ),
  fold.unchanged(
    'two independent checks in another order',
    'basedOn < withdrawn || basedOn > (this.#before?.position ?? -1)',
    'basedOn > (this.#before?.position ?? -1) || basedOn < withdrawn',
  ),
  holds.unchanged(
    'the versions are counted down in another way',
    'let version = notices.length - 1; version >= 0; version--) {\n    const notice = notices[version]',
    'let version = notices.length - 1; version > -1; version -= 1) {\n    const notice = notices.at(version)',
  ),
]
