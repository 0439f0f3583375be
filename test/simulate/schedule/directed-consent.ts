import type { Directed } from './plot.ts'

/** The simulator has three consent partitions: Ann and her phone lie in one of them, Ben and Cem in another. */
const ANN = { user: 0 }
const BEN = { user: 1 }
const PHONE = { device: 0 }
const [ann, ben, cem, phone] = [0, 1, 2, 0]

/** Who leads the partition of Ann's consent, and neither raw nor clean partitions. */
const LEADER_OF_ANN = 2

/** Projector, view, cache and the consent API. */
export const consentPlots = {
  /**
   * Who leads Ann's partition is cut off and goes on answering: it knows nothing of the withdrawal that the new leader has
   * taken, and tells the end that it knows.
   */
  'leader-cut-off': {
    brokers: 3,
    replicaLagMs: 500,
    running: ['sanitizer-0', 'sanitizer-1', 'projector-0', 'consent-0'],
    healMs: 14_000,
    plot(plot) {
      plot.agreed()
      const cutOff = plot.about(3_000, 300)
      plot.events(500, cutOff + 8_000, 40, [ann, ann, ben])
      plot.fault(cutOff, { fault: 'isolate', broker: LEADER_OF_ANN })
      plot.withdraw(cutOff + plot.random.below(600), ANN, ['ads', 'stats', 'offers'])
      // Who folds and who tells `effective` find the new leader soon, and the sanitizers go on with the old one.
      for (let atMs = cutOff + 350; atMs < cutOff + 1_800; atMs += 130) {
        plot.fault(atMs, { fault: 'cut', process: 'projector-0' })
        plot.fault(atMs + 20, { fault: 'cut', process: 'consent-0' })
      }
      plot.fault(cutOff + plot.about(4_000, 4_000), { fault: 'rejoin', broker: LEADER_OF_ANN })
    },
  },

  /**
   * Who leads Ann's partition is cut off, and goes on telling sanitizers that it knows the end. They hear of its successor
   * late, after which nobody folds, so that what Ann withdraws then is in the ledger alone.
   */
  'former-leader': {
    brokers: 3,
    replicaLagMs: 1_000,
    running: ['sanitizer-0', 'sanitizer-1', 'projector-0', 'consent-0'],
    healMs: 12_000,
    plot(plot) {
      plot.agreed()
      const cutOff = plot.about(3_000, 900)
      plot.events(500, cutOff, 60, [ann, ann, ben])
      plot.fault(cutOff, { fault: 'isolate', broker: LEADER_OF_ANN })
      for (let atMs = cutOff + 1_005; atMs < cutOff + 1_250; atMs += 60) {
        plot.fault(atMs, { fault: 'cut', process: 'projector-0' })
        plot.fault(atMs + 20, { fault: 'cut', process: 'consent-0' })
      }
      const nobodyFolds = cutOff + plot.about(1_500, 120)
      plot.process(nobodyFolds, 'pause', 'projector-0')
      plot.withdraw(nobodyFolds + 5, ANN, ['ads', 'stats', 'offers'])
      plot.events(nobodyFolds + 1_950, nobodyFolds + 2_500, 8, [ann])
      plot.process(nobodyFolds + 4_000, 'resume', 'projector-0')
      plot.fault(nobodyFolds + 5_000, { fault: 'rejoin', broker: LEADER_OF_ANN })
    },
  },

  /**
   * Ben's chunk waits for its opener while he withdraws; then Cem, who lies in the same partition and was forgotten by the
   * memory of hot subjects, is asked for, and the base could move past Ben's change.
   */
  'base-passes': {
    healMs: 8_000,
    plot(plot) {
      plot.agreed()
      plot.event(1_000, ann)
      plot.late(2_990, 'sanitizer-0', 'txnOffsetCommit', plot.about(1_300, 500))
      plot.event(3_000, ben)
      plot.withdraw(plot.about(3_030, 60), BEN, ['ads', 'stats'])
      for (let i = 0; i < 8; i++) plot.event(plot.about(3_200 + i * 150, 100), cem, i % 2)
      plot.events(5_000, 6_000, 100)
    },
  },

  /** Ann is remembered, and withdraws: what is remembered must go, also once the base has passed her change. */
  'hot-subject': {
    healMs: 9_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 3_000, 60)
      plot.withdraw(plot.about(2_000, 100), ANN, ['ads', 'stats'])
      plot.events(3_000, 6_000, 90)
      plot.withdraw(plot.about(4_000, 100), BEN, ['ads', 'offers'])
      plot.events(6_000, 8_000, 90)
    },
  },

  /** Projectors come, freeze and go, so that ticks of several of them, late ones too, lie side by side. */
  takeovers: {
    running: ['sanitizer-0', 'projector-0', 'projector-1', 'consent-0'],
    healMs: 32_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 30_000, 130)
      for (let atMs = 1_000; atMs < 29_000; atMs += 700) {
        const user = { user: plot.random.below(3) }
        if (plot.random.chance(50)) plot.grant(plot.about(atMs, 300), user, ['ads', 'stats'])
        else plot.withdraw(plot.about(atMs, 300), user, ['ads', 'stats'])
      }
      for (const [i, process] of (['projector-0', 'projector-1', 'projector-0', 'projector-1'] as const).entries()) {
        const atMs = plot.about(2_000 + i * 7_000, 800)
        if (plot.random.chance(60)) {
          plot.late(atMs - 50, process, 'produce', plot.about(300, 4_000))
          plot.process(atMs, 'pause', process)
          plot.process(atMs + plot.about(1_000, 5_500), 'resume', process)
        } else {
          plot.late(atMs - 50, process, 'produce', plot.about(300, 2_000))
          plot.process(atMs, 'kill', process)
          plot.process(atMs + plot.about(100, 1_500), 'start', process)
        }
      }
    },
  },

  /**
   * Offsets of a projector's transaction can be read before its states: whoever takes over and folds over what it sees
   * leaves out the withdrawal in it.
   */
  'markers-of-topics-late': {
    healMs: 18_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 2_900, 200)
      const from = plot.about(3_000, 200)
      // The transaction that takes in the withdrawals is the only one whose end is decided from then on.
      for (const [user] of [ann, ben, cem].entries()) plot.withdraw(from - plot.about(4, 14), { user }, ['ads'])
      plot.fault(from, { fault: 'pauseMarkers', forMs: 11_000, of: 'topics' })
      plot.process(from + 120, 'kill', 'projector-0')
      plot.process(from + 150, 'start', 'projector-1')
      for (const [user] of [ann, ben, cem].entries())
        plot.grant(from + 700 + user, { user }, ['stats'], { basedOn: 'before' })
      plot.events(from + 12_000, from + 14_000, 100)
    },
  },

  /** Writers go on with a Redis that was replaced, readers have the other one, which lacks what Ann withdraws now. */
  'redis-split': {
    healMs: 10_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 3_000, 100)
      plot.redis(3_000, 'split')
      plot.withdraw(plot.about(3_050, 50), ANN, ['ads', 'stats'])
      plot.process(3_400, 'stop', 'sanitizer-0')
      plot.process(3_700, 'start', 'sanitizer-0')
      plot.events(3_800, 8_000, 60)
      plot.redis(8_500, 'join')
    },
  },

  /** What the projector has written about Ann is never decided: its transaction ends with its time, and is made again. */
  'fold-undecided': {
    healMs: 16_000,
    plot(plot) {
      for (const who of [BEN, { user: 2 }]) plot.grant(50, who, ['ads', 'stats', 'offers'])
      plot.events(500, 2_500, 100, [ben, cem])
      const from = plot.about(3_000, 200)
      for (let i = 0; i < 5; i++) plot.lost(from - 1, 'projector-0', 'endTxn', 'request')
      plot.grant(from, ANN, ['ads', 'stats', 'offers'])
      plot.events(from + 20, from + 1_700, 25, [ann])
      plot.events(from + 8_000, from + 10_000, 100)
    },
  },

  /**
   * What the projector writes is seen late, and then it reads nothing of the ledger for a while: the ticks that come out
   * are old, and Ann's withdrawal stands behind them.
   */
  'old-ticks': {
    healMs: 10_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 2_500, 200)
      const from = plot.about(3_000, 200)
      plot.fault(from, { fault: 'pauseMarkers', forMs: 3_000, of: 'topics' })
      plot.late(plot.about(from + 270, 100), 'projector-0', 'fetch', 4_000)
      plot.withdraw(plot.about(from + 480, 80), ANN, ['ads', 'stats'])
      plot.events(from + 3_040, from + 4_300, 15, [ann])
    },
  },

  /**
   * Redis is emptied, and the next thing to be folded is a decision of somebody whom the projector would look up there: no
   * tick comes out before it, by which its loader would notice.
   */
  'redis-lost-before-a-decision': {
    healMs: 13_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 12_000, 300)
      plot.process(1_500, 'stop', 'projector-0')
      plot.process(1_900, 'start', 'projector-0')
      for (const [user, atMs] of [5_000, 7_500, 10_000].entries()) {
        plot.redis(atMs, 'flush')
        plot.withdraw(plot.about(atMs + 1, 8), { user }, ['ads'], { basedOn: 'nothing' })
      }
    },
  },

  /** A loader is frozen with a record in its hands, and goes on when its successor has loaded what came after it. */
  'frozen-loader': {
    healMs: 17_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 2_500, 100)
      plot.withdraw(1_500, ANN, ['ads', 'stats'])
      const from = 3_000
      plot.grant(from, ANN, ['ads', 'stats'])
      plot.process(plot.about(from + 9, 26), 'pause', 'projector-0')
      plot.process(from + 200, 'start', 'projector-1')
      plot.withdraw(from + 8_000, ANN, ['ads', 'stats'])
      plot.process(from + 9_500, 'resume', 'projector-0')
      plot.process(from + 9_900, 'stop', 'sanitizer-0')
      plot.process(from + 10_300, 'start', 'sanitizer-0')
      plot.events(from + 10_500, from + 13_000, 50)
    },
  },

  /** The phone is Ann's; it refuses while who folds Ann's own partition is frozen, and she does things without it. */
  'linked-device': {
    running: ['sanitizer-0', 'projector-0', 'projector-1', 'consent-0'],
    healMs: 12_000,
    plot(plot) {
      plot.agreed()
      // Ann and the phone share a partition; the tablet and Ben don't.
      plot.link(500, phone, ann)
      plot.link(550, 1, ben)
      plot.events(1_000, 2_900, 100)
      const from = plot.about(3_000, 200)
      for (const process of ['projector-0', 'projector-1'] as const) {
        const frozen = process === 'projector-0' ? from : from + 3_500
        plot.process(frozen - 20, 'pause', process)
        plot.process(frozen + 1_500, 'resume', process)
      }
      plot.withdraw(from, { device: 1 }, ['ads'])
      plot.withdraw(from + 1_000, PHONE, ['ads'])
      plot.withdraw(from + 3_500, { device: 1 }, ['stats'])
      plot.events(from, from + 5_500, 15, [ann, ben])
    },
  },

  /** Redis loses one partition's key while people who were asked for long ago come back. */
  'redis-evicts': {
    running: ['sanitizer-0', 'projector-0', 'projector-1', 'consent-0'],
    healMs: 14_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 12_000, 200)
      for (let atMs = 1_500; atMs < 12_000; atMs += 900) plot.redis(plot.about(atMs, 400), 'evict')
      plot.process(4_000, 'kill', 'sanitizer-0')
      plot.process(4_500, 'start', 'sanitizer-0')
      plot.withdraw(6_000, ANN, ['ads'])
      plot.process(8_000, 'kill', 'sanitizer-0')
      plot.process(8_300, 'start', 'sanitizer-0')
    },
  },

  /** Redis is set back behind a withdrawal again and again, each time before a sanitizer starts anew. */
  'redis-forgets': {
    running: ['sanitizer-0', 'projector-0', 'consent-0'],
    healMs: 20_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 18_000, 120)
      plot.redis(1_500, 'save')
      for (const [i, fault] of (['oldDump', 'failover', 'split', 'flush'] as const).entries()) {
        const atMs = plot.about(3_000 + i * 3_500, 300)
        const user = { user: i % 3 }
        plot.withdraw(atMs, user, ['ads', 'stats'])
        if (fault === 'split') plot.redis(atMs - 200, 'split')
        // No loader runs for a while, so what Redis has lost stays lost.
        plot.process(atMs + 400, 'pause', 'projector-0')
        if (fault === 'split') plot.redis(atMs + 2_500, 'join')
        else plot.redis(atMs + 500, fault)
        plot.process(atMs + 550, 'kill', 'sanitizer-0')
        plot.process(atMs + 600, 'start', 'sanitizer-0')
        plot.process(atMs + plot.about(1_500, 700), 'resume', 'projector-0')
        plot.grant(atMs + 2_700, user, ['stats'])
      }
    },
  },
} satisfies Readonly<Record<string, Directed>>
