import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CONSENT_PARTITIONS } from '@weir/consent'

/** Counts up whenever tables or what stands in them change: an index of another version is made anew. */
const SCHEMA_VERSION = 2

/**
 * Rows are sorted by decision id, so that one seek finds all records of an id; a ref's are found by the second index.
 * `record` is the ledger's own value, which says the rest: kind, purposes, notices, source, times.
 */
const TABLES = `
  CREATE TABLE source (topic_id TEXT NOT NULL) STRICT;
  CREATE TABLE positions (partition INTEGER PRIMARY KEY, next INTEGER NOT NULL) STRICT;
  CREATE TABLE decisions (
    decision_id BLOB NOT NULL,
    partition INTEGER NOT NULL,
    ledger_offset INTEGER NOT NULL,
    ref BLOB NOT NULL,
    append_time_ms INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (decision_id, partition, ledger_offset)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX of_ref ON decisions (ref, ledger_offset);
  CREATE TABLE steps (
    erasure_id BLOB NOT NULL,
    partition INTEGER NOT NULL,
    ledger_offset INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (erasure_id, partition, ledger_offset)
  ) STRICT, WITHOUT ROWID;
`

export interface DatabaseOptions {
  /**
   * null: a private temporary database, which SQLite keeps in memory while it is small, on disk when it is not, and drops
   * when it is closed.
   */
  readonly folder: string | null
  readonly name: string
  readonly topicId: string
  /** What a file holds is not to be used. */
  readonly anew: boolean
}

/**
 * Opens the index of one topic: empty when there was none, or one of another topic id, or of another version, or one that
 * is damaged.
 *
 * @throws an Error of node:sqlite or node:fs when the folder can't be used, or another process uses the index
 */
export function openDatabase({ folder, name, topicId, anew }: DatabaseOptions): DatabaseSync {
  if (folder === null) return withTables(new DatabaseSync(''), topicId)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${name}.sqlite`)
  try {
    return openFile(path, topicId, anew)
  } catch (error) {
    if (!isDamaged(error)) throw error
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true })
    return openFile(path, topicId, true)
  }
}

function openFile(path: string, topicId: string, anew: boolean): DatabaseSync {
  // SQLite gives its other files the mode of this one.
  closeSync(openSync(path, 'a', 0o600))
  const database = new DatabaseSync(path)
  try {
    // Exclusive: two processes that fill one index would each take the other's positions for theirs.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    if (anew) database.exec('PRAGMA user_version = 0')
    return withTables(database, topicId)
  } catch (error) {
    database.close()
    throw error
  }
}

/** Ids are random, so rows go everywhere: with more pages in memory fewer are read to be changed. In KiB, as SQLite has it. */
const CACHE_KIB = 32 << 10

function withTables(database: DatabaseSync, topicId: string): DatabaseSync {
  database.exec(`PRAGMA cache_size = -${CACHE_KIB}`)
  if (isOf(database, topicId)) return database
  database.exec('BEGIN IMMEDIATE')
  for (const table of ['source', 'positions', 'decisions', 'steps']) database.exec(`DROP TABLE IF EXISTS ${table}`)
  database.exec(`${TABLES} PRAGMA user_version = ${SCHEMA_VERSION}`)
  database.prepare('INSERT INTO source VALUES (?)').run(topicId)
  const position = database.prepare('INSERT INTO positions VALUES (?, 0)')
  for (let partition = 0; partition < CONSENT_PARTITIONS; partition++) position.run(partition)
  database.exec('COMMIT')
  return database
}

function isOf(database: DatabaseSync, topicId: string): boolean {
  const version = database.prepare('PRAGMA user_version').get()
  if (version?.['user_version'] !== SCHEMA_VERSION) return false
  return database.prepare('SELECT topic_id FROM source').get()?.['topic_id'] === topicId
}

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** Whether SQLite says that the file is no whole database: it holds nothing that the ledger does not. */
export function isDamaged(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return false
  // The low byte is the code, what lies above it says more.
  const code = error.errcode & 0xff
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB
}
