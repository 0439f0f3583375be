import type { Api } from './api.ts'

export interface ApiVersionsResponse {
  readonly errorCode: number
  readonly ranges: ReadonlyMap<number, { readonly min: number; readonly max: number }>
  /** Finalized feature levels (KIP-584), e.g. transaction.version -> 2. */
  readonly features: ReadonlyMap<string, number>
}

/** ApiVersions 3: what the broker speaks, and its finalized features (in tagged field 2). */
export function apiVersions(): Api<ApiVersionsResponse> {
  return {
    name: 'ApiVersions',
    key: 18,
    version: 3,
    write: (writer) => void writer.string('weir').string('0.1').tags(),
    read: (reader) => {
      const errorCode = reader.int16()
      const ranges = new Map<number, { min: number; max: number }>()
      reader.array(() => {
        ranges.set(reader.int16(), { min: reader.int16(), max: reader.int16() })
        reader.tags()
      })
      reader.int32() // throttle time: the broker itself delays
      const features = new Map<string, number>()
      reader.tags((tag, field) => {
        if (tag !== 2) return
        field.array(() => {
          features.set(field.string(), field.int16())
          field.int16() // lowest level in use
          field.tags()
        })
      })
      return { errorCode, ranges, features }
    },
  }
}
