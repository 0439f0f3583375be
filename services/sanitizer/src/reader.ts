import type { ChunkReader } from './chunk-reader.ts'

/** What the loop reads from: raw by ChunkReader, or what takes its place. */
export type Reader = Pick<ChunkReader, 'next' | 'assign' | 'unassign' | 'lag' | 'sawEnd'>
