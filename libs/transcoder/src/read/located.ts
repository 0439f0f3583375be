/** What a locator found in one record; written anew for each. Ids are offsets, so that none needs a view of its own. */
export class Located {
  /** Bytes in which the ids lie: those of the record, or around it. */
  source: Uint8Array = new Uint8Array(0)
  /** UTF-8 of the subject id lies in `source` from here … */
  subjectStart = 0
  /** … to before here. */
  subjectEnd = 0
  /** The same of the device id; -1 both without one. */
  deviceStart = -1
  deviceEnd = -1
  /** When the event says it happened (Unix milliseconds, rounded down); not yet bounded by its append time. */
  eventTimeMs = 0
  ownSignal = false

  /** A new view: valid as long as the record's bytes are. */
  get subject(): Uint8Array {
    return this.source.subarray(this.subjectStart, this.subjectEnd)
  }

  /** A new view; null without a device. */
  get device(): Uint8Array | null {
    return this.deviceStart < 0 ? null : this.source.subarray(this.deviceStart, this.deviceEnd)
  }
}

/** @returns a place for `locate` to write to */
export function newLocated(): Located {
  return new Located()
}
