/**
 * The client's journal in a file: appended, synced in groups off the loop, compacted when most of it is dead.
 *
 * Invariant: entries are durable in the order in which they were appended, and an acknowledged one survives kill -9 and
 * a power cut. A record that was being written when that happened is cut off at the next opening.
 */
import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  write,
  writeSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { Journal, JournalEntry, JournalState } from '../once/journal.ts'
import { ByteReader, ByteWriter } from '../std/bytes.ts'
import { crc32 } from '../std/crc32.ts'
import { decodeEntry, encodeEntry, recordHeaderBytes } from './entry-bytes.ts'
import { JournalFold } from './fold.ts'
import { lockFile } from './lock.ts'

/** `OWJRNL`, two zero bytes, the format. */
const magic = Uint8Array.of(0x4f, 0x57, 0x4a, 0x52, 0x4e, 0x4c, 0, 0)
const format = 1
const headerBytes = magic.length + 4
/** A larger journal, mostly of finished calls, is written anew at its opening and while it is used. */
const compactBytes = 1 << 20
const recordBytesMax = 1 << 30

export interface FileJournal extends Journal {
  /** What was cut off at opening: a record that was being written when the process or the machine died. */
  readonly cut: { readonly offset: number; readonly bytes: number } | undefined
}

/**
 * Opens or makes the journal in `file`, for this process alone.
 *
 * @throws {OncewireError} journal-locked, journal-damaged, journal-format, journal-failed
 */
export async function openJournal(file: string): Promise<FileJournal> {
  const path = resolve(file)
  if (!existsSync(dirname(path))) throw failed(path, new Error(`the folder ${dirname(path)} does not exist`), 'never')
  const unlock = lockFile(path)
  try {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      return new AppendedFile({ path, fd, unlock }, recover(path, fd))
    } catch (error) {
      closeSync(fd)
      throw error
    }
  } catch (error) {
    unlock()
    throw error instanceof OncewireError ? error : failed(path, error, 'never')
  }
}

interface Recovered {
  readonly fold: JournalFold
  readonly length: number
  readonly cut: FileJournal['cut']
}

/** Reads what is there; cuts a torn tail; makes the header of a new file. */
function recover(path: string, fd: number): Recovered {
  const file = readFileSync(fd)
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.length)
  const fold = new JournalFold()
  if (bytes.length < headerBytes && magic.subarray(0, bytes.length).every((byte, i) => byte === bytes[i])) {
    const header = new ByteWriter(headerBytes)
    header.raw(magic)
    header.u32(format)
    ftruncateSync(fd, 0)
    writeSync(fd, header.slice(), 0, headerBytes, 0)
    fsyncSync(fd)
    syncFolder(path)
    return { fold, length: headerBytes, cut: undefined }
  }
  checkHeader(path, bytes)
  const length = readRecords(path, bytes, fold)
  if (length === bytes.length) return { fold, length, cut: undefined }
  ftruncateSync(fd, length)
  fsyncSync(fd)
  return { fold, length, cut: { offset: length, bytes: bytes.length - length } }
}

function checkHeader(path: string, bytes: Uint8Array): void {
  if (!magic.every((byte, i) => byte === bytes[i]))
    throw damaged(`${path} is no Oncewire journal; it was left as it is`)
  const found = new ByteReader(bytes.subarray(magic.length, headerBytes)).u32()
  if (found <= format) return
  const message = `${path} is a journal of format ${found}, and this version reads up to ${format}: install a newer oncewire`
  throw new OncewireError('journal-format', 'never', message)
}

/** Adds all whole records to `fold`; answers where they end. @throws {OncewireError} journal-damaged in the middle */
function readRecords(path: string, bytes: Uint8Array, fold: JournalFold): number {
  let at = headerBytes
  while (at < bytes.length) {
    const body = recordAt(bytes, at)
    if (body === undefined) {
      if (!isRecordAfter(bytes, at + 1)) return at
      throw damaged(
        `${path}: the record at byte ${at} does not match its checksum, and whole ones follow; it was left as it is`,
      )
    }
    fold.add(decodeEntry(new ByteReader(body)))
    at += recordHeaderBytes + body.length
  }
  return at
}

function recordAt(bytes: Uint8Array, at: number): Uint8Array | undefined {
  if (bytes.length - at < recordHeaderBytes) return undefined
  const header = new ByteReader(bytes.subarray(at, at + recordHeaderBytes))
  const length = header.u32()
  const checksum = header.u32()
  const start = at + recordHeaderBytes
  if (length === 0 || length > recordBytesMax || start + length > bytes.length) return undefined
  const body = bytes.subarray(start, start + length)
  return crc32(body) === checksum ? body : undefined
}

/** Whether a whole record begins anywhere from `from` on: then what is before it was not merely cut. */
function isRecordAfter(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at + recordHeaderBytes < bytes.length; at++) {
    const body = recordAt(bytes, at)
    if (body !== undefined && body.length > 4) return true
  }
  return false
}

interface OpenFile {
  readonly path: string
  fd: number
  readonly unlock: () => void
}

class AppendedFile implements FileJournal {
  readonly cut: FileJournal['cut']
  readonly state: JournalState
  onDurable: (count: number) => void = () => {}
  onFailed: (error: Error) => void = () => {}
  private readonly file: OpenFile
  private readonly fold: JournalFold
  private length: number
  /** Length after the last compaction. */
  private compactedLength: number
  private pending = new ByteWriter(4096)
  private spare = new ByteWriter(4096)
  private appended = 0
  private isSyncing = false
  private failure: Error | undefined
  private whenIdle: (() => void) | undefined

  constructor(file: OpenFile, { fold, length, cut }: Recovered) {
    this.file = file
    this.fold = fold
    this.cut = cut
    this.length = length
    this.compactedLength = length
    this.state = fold.state
    if (length > compactBytes) this.compact()
  }

  append(entry: JournalEntry): void {
    if (this.failure !== undefined) return
    encodeEntry(this.pending, entry)
    this.fold.add(entry)
    this.appended++
    if (this.isSyncing) return
    this.isSyncing = true
    // One sync for the entries of this turn of the loop.
    setImmediate(() => this.sync())
  }

  async close(): Promise<void> {
    if (this.isSyncing) await new Promise<void>((done) => (this.whenIdle = done))
    closeSync(this.file.fd)
    this.file.unlock()
  }

  private sync(): void {
    const out = this.pending
    const { appended } = this
    this.pending = this.spare
    this.spare = out
    this.writeAll(out.bytes, { from: 0, to: out.position }, (writeError) => {
      if (writeError !== null) return this.fail(writeError)
      fdatasync(this.file.fd, (syncError) => {
        if (syncError !== null) return this.fail(syncError)
        this.length += out.position
        out.position = 0
        this.synced(appended)
      })
    })
  }

  private writeAll(bytes: Uint8Array, range: { from: number; to: number }, done: (error: Error | null) => void): void {
    write(this.file.fd, bytes, range.from, range.to - range.from, this.length + range.from, (error, written) => {
      if (error !== null) return done(error)
      if (range.from + written >= range.to) return done(null)
      this.writeAll(bytes, { from: range.from + written, to: range.to }, done)
    })
  }

  private synced(count: number): void {
    this.onDurable(count)
    if (this.pending.position > 0) return this.sync()
    this.isSyncing = false
    if (this.length > Math.max(compactBytes, this.compactedLength * 4)) this.compact()
    this.whenIdle?.()
  }

  private fail(cause: Error): void {
    this.failure = failed(this.file.path, cause, 'unknown')
    this.isSyncing = false
    this.onFailed(this.failure)
    this.whenIdle?.()
  }

  /** Writes what still matters into a new file that takes the old one's place; a crash leaves one or the other. */
  private compact(): void {
    const { path } = this.file
    const out = new ByteWriter(65_536)
    out.raw(magic)
    out.u32(format)
    for (const entry of this.fold.entries()) encodeEntry(out, entry)
    const temporary = `${path}.new`
    const fd = openSync(temporary, 'w+', 0o600)
    let at = 0
    while (at < out.position) at += writeSync(fd, out.bytes, at, out.position - at, at)
    fsyncSync(fd)
    renameSync(temporary, path)
    syncFolder(path)
    closeSync(this.file.fd)
    this.file.fd = fd
    this.length = out.position
    this.compactedLength = out.position
  }
}

/** A new name is durable only when its folder is. Windows cannot, and need not, sync a folder. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(dirname(path), 'r')
  fsyncSync(fd)
  closeSync(fd)
}

function damaged(message: string): OncewireError {
  return new OncewireError('journal-damaged', 'never', message)
}

function failed(path: string, cause: unknown, executed: 'never' | 'unknown'): OncewireError {
  const what = cause instanceof Error ? cause.message : String(cause)
  return new OncewireError('journal-failed', executed, `the journal ${path} cannot be used: ${what}`, { cause })
}
