/**
 * docs/proof.json: what long runs measured, a section for each kind of run. docs/proof.md is written from it.
 *
 * Invariant: a section is replaced whole, in one rename; totals only grow, and only by runs that broke nothing.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** Of no machine: no host, no time that a run took. A record is a table of its own, `faults` by kind for example. */
export type Figures = Readonly<Record<string, number | string | Readonly<Record<string, number | string>>>>

export interface NewFigures {
  /** Of this run, added to those of all runs before. */
  readonly total?: Figures | undefined
  /** Of this run; those of the run before are forgotten. */
  readonly last?: Figures | undefined
  /** Which seeds it was that `what` played. */
  readonly played?: { readonly what: string; readonly from: number; readonly to: number } | undefined
}

export interface ProofSection extends Omit<NewFigures, 'played'> {
  /** Seeds that `total` holds, by what played them: `1-50000 60001-60010`. */
  readonly played?: Readonly<Record<string, string>> | undefined
  /** Of the last run: `2026-11-25`. */
  readonly date: string
  /** What was run last: a commit, followed by `+` where its sources had been changed. */
  readonly commit: string
  /** How many runs are added up in `total`. */
  readonly runs: number
}

export type ProofFile = Readonly<Record<string, ProofSection>>

export function readProof(file: string): ProofFile {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ProofFile) : {}
}

/** Adds what a run measured to its section of `file`. */
export function appendProof(file: string, name: string, figures: NewFigures): void {
  const all = readProof(file)
  const before = all[name]
  const total = figures.total === undefined ? before?.total : added(before?.total ?? {}, figures.total)
  const played = figures.played === undefined ? before?.played : withSeeds(before?.played ?? {}, figures.played)
  const section: ProofSection = {
    date: new Date().toISOString().slice(0, 10),
    commit: commitOf(process.cwd()),
    runs: (before?.runs ?? 0) + 1,
    ...(total === undefined ? {} : { total }),
    ...(figures.last === undefined ? {} : { last: figures.last }),
    ...(played === undefined ? {} : { played }),
  }
  const sections = Object.entries({ ...all, [name]: section }).toSorted(([one], [other]) => (one < other ? -1 : 1))
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify(Object.fromEntries(sections), undefined, 2)}\n`)
  renameSync(temporary, file)
}

/** The first seed after all that `what` has played. */
export function nextUnplayed(section: ProofSection | undefined, what: string): number {
  return Number(/\d+$/.exec(section?.played?.[what] ?? '0')?.[0]) + 1
}

function withSeeds(
  before: Readonly<Record<string, string>>,
  { what, from, to }: NonNullable<NewFigures['played']>,
): Record<string, string> {
  const old = before[what]
  if (old === undefined) return { ...before, [what]: `${from}-${to}` }
  const isNext = old.endsWith(`-${from - 1}`)
  return { ...before, [what]: isNext ? old.replace(/\d+$/, String(to)) : `${old} ${from}-${to}` }
}

/** Numbers are added, name by name; a word is replaced. */
function added(before: Figures, now: Figures): Figures {
  const sum: Record<string, Figures[string]> = { ...before }
  for (const [name, figure] of Object.entries(now)) {
    const old = sum[name]
    if (typeof figure === 'number' && typeof old === 'number') sum[name] = old + figure
    else if (typeof figure === 'object' && typeof old === 'object')
      sum[name] = added(old, figure) as Record<string, number>
    else sum[name] = figure
  }
  return sum
}

function commitOf(folder: string): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'src') === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}
