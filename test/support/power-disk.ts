/**
 * The files of a traced folder as a power cut would leave them, at any place of the trace.
 *
 * Invariant: what was synced is there; of what was not, each write, each sector of a write, each change of length and each
 * change of a name may be there or not. That is less than any real file system keeps, and all that POSIX promises.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { PowerEvent } from './power-shim.ts'

/**
 * What becomes of what was not synced. `none`: lost. `all`: there, as after kill -9. `some`: each write, length and name
 * by chance. `sectors`: each sector of each write by chance; of the others the length may stay. `torn`: all but the last write of each file, which ends
 * anywhere in it.
 */
export const fates = ['none', 'all', 'some', 'sectors', 'torn'] as const
export type Fate = (typeof fates)[number]

export interface PowerCut {
  readonly fate: Fate
  /** 0 to 1. */
  readonly random: () => number
  /** Of paths that are rebuilt; all if absent. */
  readonly only?: ((path: string) => boolean) | undefined
}

const sectorBytes = 512

type Change =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'length'; readonly length: number }

interface DiskFile {
  durable: Uint8Array
  pending: Change[]
}

/** undefined: no file of that name. */
interface Naming {
  readonly path: string
  readonly file: DiskFile | undefined
}

export class PowerDisk {
  private readonly files = new Map<bigint, DiskFile>()
  private readonly folders = new Map<bigint, string>()
  private readonly names = new Map<string, DiskFile>()
  private readonly durableNames = new Map<string, DiskFile>()
  private pendingNames: Naming[][] = []
  /** What a sync that is under way will make durable. */
  private readonly syncing = new Map<string, { readonly changes: Change[]; readonly names: Naming[][] }>()

  /** `existing`: files that were there, and durable, when the trace began. */
  constructor(existing: ReadonlyMap<string, Uint8Array> = new Map()) {
    for (const [path, bytes] of existing) {
      const file = { durable: bytes, pending: [] }
      this.names.set(path, file)
      this.durableNames.set(path, file)
    }
  }

  /** Plays one event. Throws for one that cannot be played. */
  play(event: PowerEvent): void {
    switch (event.kind) {
      case 'opened':
        return this.open(event)
      case 'wrote':
        return void this.file(event.inode).pending.push({ kind: 'write', offset: event.offset, bytes: event.bytes })
      case 'truncated':
        return void this.file(event.inode).pending.push({ kind: 'length', length: event.length })
      case 'renamed': {
        const file = this.names.get(event.from)
        if (file === undefined) throw new Error(`${event.from} was renamed, and nobody had made it`)
        return this.name({ path: event.to, file }, { path: event.from, file: undefined })
      }
      case 'unlinked':
        return this.name({ path: event.path, file: undefined })
      case 'sync-begun':
        return this.beginSync(event)
      case 'synced':
        return this.endSync(event)
      case 'unsupported': {
        const path = this.pathOf(event.inode)
        // The index of the log; whoever opens the database first makes it anew.
        if (path?.endsWith('-shm') !== true) throw new Error(`${path ?? 'a file'}: ${event.what} cannot be played back`)
        return
      }
      default:
    }
  }

  /** Path and bytes of every file, as a power cut now would leave them. */
  after({ fate, random, only = () => true }: PowerCut): Map<string, Uint8Array> {
    const names = new Map(this.durableNames)
    for (const change of this.pendingNames) {
      if (fate === 'none' || ((fate === 'some' || fate === 'sectors') && random() < 0.5)) continue
      for (const naming of change) applyName(names, naming)
    }
    const left = new Map<string, Uint8Array>()
    for (const [path, file] of names) {
      if (path.endsWith('-shm') || !only(path)) continue
      left.set(path, contentOf(file, fate, random))
    }
    return left
  }

  private open({ inode, path, isNew, isEmptied, isFolder }: Extract<PowerEvent, { kind: 'opened' }>): void {
    if (isFolder) return void this.folders.set(inode, path)
    const known = this.names.get(path)
    // Two processes may meet at making a file: both say that it is new.
    const isSame = known !== undefined && this.files.get(inode) === known
    if (isNew && !isSame) {
      const file: DiskFile = { durable: new Uint8Array(0), pending: [] }
      this.files.set(inode, file)
      return this.name({ path, file })
    }
    if (known === undefined) throw new Error(`${path} was opened, and nobody had made it`)
    this.files.set(inode, known)
    if (isEmptied) known.pending.push({ kind: 'length', length: 0 })
  }

  private name(...change: Naming[]): void {
    for (const naming of change) applyName(this.names, naming)
    this.pendingNames.push(change)
  }

  private beginSync({ inode, process }: { readonly inode: bigint; readonly process: number }): void {
    const folder = this.folders.get(inode)
    const names = folder === undefined ? [] : this.pendingNames.filter((change) => isIn(folder, change))
    const changes = folder === undefined ? [...this.file(inode).pending] : []
    this.syncing.set(`${process}/${inode}`, { changes, names })
  }

  private endSync({ inode, process }: { readonly inode: bigint; readonly process: number }): void {
    const covered = this.syncing.get(`${process}/${inode}`)
    if (covered === undefined) throw new Error('a sync ended that had not begun')
    this.syncing.delete(`${process}/${inode}`)
    for (const change of covered.names) {
      if (!this.pendingNames.includes(change)) continue
      for (const naming of change) applyName(this.durableNames, naming)
    }
    this.pendingNames = this.pendingNames.filter((change) => !covered.names.includes(change))
    if (this.folders.has(inode)) return
    const file = this.file(inode)
    const now = covered.changes.filter((change) => file.pending.includes(change))
    file.durable = now.reduce(applyChange, file.durable)
    file.pending = file.pending.filter((change) => !now.includes(change))
  }

  private file(inode: bigint): DiskFile {
    const file = this.files.get(inode)
    if (file === undefined) throw new Error(`inode ${inode} was changed, and nobody had opened it`)
    return file
  }

  private pathOf(inode: bigint): string | undefined {
    const file = this.files.get(inode)
    return [...this.names].find(([, named]) => named === file)?.[0]
  }
}

/** Writes files into a folder. */
export function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
}

function applyName(names: Map<string, DiskFile>, { path, file }: Naming): void {
  if (file === undefined) names.delete(path)
  else names.set(path, file)
}

const isIn = (folder: string, change: readonly Naming[]): boolean =>
  change.some(({ path }) => path.split('/').slice(0, -1).join('/') === folder)

function contentOf({ durable, pending }: DiskFile, fate: Fate, random: () => number): Uint8Array {
  const last = pending.at(-1)
  switch (fate) {
    case 'none':
      return durable
    case 'all':
      return pending.reduce(applyChange, durable)
    case 'some':
      return pending.filter(() => random() < 0.5).reduce(applyChange, durable)
    case 'sectors':
      return pending
        .flatMap((change) => sectorsOf(change).flatMap((part) => someOf(part, random)))
        .reduce(applyChange, durable)
    case 'torn': {
      const whole = pending.slice(0, -1).reduce(applyChange, durable)
      if (last?.kind !== 'write') return whole
      const bytes = last.bytes.subarray(0, Math.floor(random() * last.bytes.length))
      return applyChange(whole, { ...last, bytes })
    }
    default:
      throw new Error(`no such fate: ${String(fate)}`)
  }
}

/** All of it, nothing, or its length alone. */
function someOf(change: Change, random: () => number): Change[] {
  if (random() < 0.5) return [change]
  if (change.kind === 'length' || random() < 0.5) return []
  return [{ kind: 'write', offset: change.offset + change.bytes.length, bytes: new Uint8Array(0) }]
}

/** A write as the disk does it: the sectors of the file, in any order. */
function sectorsOf(change: Change): Change[] {
  if (change.kind !== 'write') return [change]
  const { offset, bytes } = change
  const sectors: Change[] = []
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + sectorBytes - ((offset + at) % sectorBytes))
    sectors.push({ kind: 'write', offset: offset + at, bytes: bytes.subarray(at, end) })
    at = end
  }
  return sectors
}

function applyChange(content: Uint8Array, change: Change): Uint8Array {
  const length =
    change.kind === 'length' ? change.length : Math.max(content.length, change.offset + change.bytes.length)
  // What lies between the old end and a write behind it reads as zeros.
  const changed = new Uint8Array(length)
  changed.set(content.subarray(0, length))
  if (change.kind === 'write') changed.set(change.bytes, change.offset)
  return changed
}
