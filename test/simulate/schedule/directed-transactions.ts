import type { Directed } from './plot.ts'

const ANN = { user: 0 }
const [ann] = [0]

/** Fence, commit, offsets and markers of one chunk. Ann is the one who changes her mind. */
export const transactionPlots = {
  /**
   * The commit of a chunk that passed its fence is lost, Ann withdraws, and the coordinator is away for longer than the
   * bound: sent again when it is back and before its first sweep, the commit would still be taken.
   */
  'end-txn-late': {
    healMs: 16_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 1_900, 200)
      plot.lost(1_990, 'sanitizer-0', 'endTxn', 'request')
      plot.event(2_000, ann)
      plot.withdraw(2_080, ANN, ['ads', 'stats'])
      plot.fault(plot.about(2_600, 300), { fault: 'coordinatorAway', forMs: plot.about(7_000, 2_500) })
    },
  },

  /** The opener of a transaction is late: a fence of before it says nothing of what became effective meanwhile. */
  'begin-late': {
    healMs: 6_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 1_900, 200)
      plot.late(1_990, 'sanitizer-0', 'txnOffsetCommit', plot.about(900, 900))
      plot.event(2_000, ann)
      plot.withdraw(plot.about(2_050, 100), ANN, ['ads', 'stats'])
    },
  },

  /** The commit is late on its way, so that its answer never comes and its offsets are read before it arrives. */
  'commit-late': {
    running: ['sanitizer-0', 'sanitizer-1', 'projector-0', 'consent-0'],
    healMs: 14_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 9_000, 150)
      for (const atMs of [2_000, 5_000]) plot.late(atMs, 'sanitizer-0', 'endTxn', plot.about(1_500, 2_500))
      for (const atMs of [3_000, 6_500]) plot.lost(atMs, 'sanitizer-1', 'endTxn', 'answer')
    },
  },

  /**
   * Offsets are decided and their marker is late, while their partitions go to another sanitizer: one that has no
   * transaction of its own behind it, which would have to wait for its markers too.
   */
  'markers-of-groups-late': {
    healMs: 17_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 5_000, 30)
      plot.fault(plot.about(3_500, 300), { fault: 'pauseMarkers', forMs: 11_500, of: 'groups' })
      plot.process(plot.about(4_000, 200), 'stop', 'sanitizer-0')
      plot.process(4_300, 'start', 'sanitizer-1')
      plot.events(6_000, 14_000, 300)
    },
  },

  /** A sanitizer's tail is blind for a while, shorter than its view counts as fresh; meanwhile a withdrawal is effective. */
  'tail-late': {
    healMs: 15_000,
    plot(plot) {
      plot.agreed()
      plot.event(500, ann)
      for (const atMs of [2_000, 5_000, 8_000, 11_000]) {
        // Nothing else is going on: about every second time it is the tail's Fetch that comes next, not the raw topic's.
        plot.late(atMs, 'sanitizer-0', 'fetch', plot.about(1_300, 300))
        plot.withdraw(plot.about(atMs + 250, 30), ANN, ['ads', 'stats'])
        plot.events(atMs + 230, atMs + 1_300, 15, [ann])
        plot.grant(atMs + 1_900, ANN, ['ads', 'stats'])
      }
    },
  },

  /**
   * Nobody folds, and Ann withdraws. Her chunk is looked up while what is known still counts as fresh, and its transaction
   * begins when it no longer does.
   */
  'fence-late': {
    healMs: 12_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 2_500, 200)
      plot.process(3_000, 'pause', 'projector-0')
      plot.withdraw(plot.about(3_050, 50), ANN, ['ads', 'stats'])
      plot.late(4_350, 'sanitizer-0', 'txnOffsetCommit', plot.about(1_200, 500))
      plot.event(4_400, ann)
      plot.process(9_000, 'resume', 'projector-0')
    },
  },

  /** A sanitizer is frozen past its session in the middle of its chunks, and goes on when others have its partitions. */
  'frozen-sanitizer': {
    running: ['sanitizer-0', 'sanitizer-1', 'projector-0', 'consent-0'],
    healMs: 22_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 18_000, 110)
      for (const [process, atMs] of [
        ['sanitizer-0', 2_000],
        ['sanitizer-1', 11_000],
      ] as const) {
        const frozen = plot.about(atMs, 400)
        plot.late(frozen - 40, process, plot.random.pick(['txnOffsetCommit', 'produce', 'endTxn']), plot.about(20, 300))
        plot.process(frozen, 'pause', process)
        plot.process(frozen + plot.about(6_300, 1_000), 'resume', process)
      }
    },
  },

  /** A sanitizer that is well is not heard: its partitions go to another while it publishes their records. */
  'heartbeats-lost': {
    running: ['sanitizer-0', 'sanitizer-1', 'projector-0', 'consent-0'],
    healMs: 16_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 14_000, 60)
      for (let i = 0; i < 5; i++) plot.lost(plot.about(3_000, 300), 'sanitizer-0', 'heartbeat', 'request')
    },
  },

  /** No place to start any more: by design the sanitizer stops and says so. */
  'offsets-lost': {
    mayStop: true,
    healMs: 9_000,
    plot(plot) {
      plot.agreed()
      plot.events(500, 2_000, 100)
      plot.process(3_000, 'stop', 'sanitizer-0')
      plot.events(4_000, 5_000, 100)
      plot.fault(5_500, { fault: 'loseOffsets', group: 'sanitizer' })
      for (const partition of [0, 1]) plot.fault(5_510, { fault: 'trim', partition })
      plot.events(5_600, 6_000, 100)
      plot.process(6_100, 'start', 'sanitizer-0')
      plot.events(7_000, 8_000, 100)
    },
  },

  /** Ann's grant runs out between the lookup of her event and the fence. */
  'grant-runs-out': {
    healMs: 9_000,
    plot(plot) {
      plot.grant(100, ANN, ['ads'], { lastsMs: 3_000 })
      plot.events(500, 2_500, 200, [ann])
      // Before the record that ends it comes: that one would be found at the fence by itself.
      plot.late(2_700, 'sanitizer-0', 'txnOffsetCommit', plot.about(520, 250))
      plot.event(2_705, ann)
      plot.events(3_500, 5_000, 100, [ann])
    },
  },
} satisfies Readonly<Record<string, Directed>>
