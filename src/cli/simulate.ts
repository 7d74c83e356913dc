/**
 * `oncewire simulate`: worlds from seeds, in which everything goes wrong that can, and what must hold is checked.
 */
import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import { type Fault, faultNames } from '../sim/faults.ts'
import { playMany, type SeedTotals, type WorldOptions } from '../sim/seeds.ts'
import { simulateOnce } from '../sim/simulation.ts'
import { didYouMean } from '../std/suggest.ts'
import { codeVersion } from './code-version.ts'
import { appendProof, nextUnplayed, readProof } from './proof-file.ts'
import { exitCodes, painted, say, UsageError } from './terminal.ts'

interface Flags {
  readonly seed?: string
  readonly runs?: string
  readonly seconds?: string
  readonly workers?: string
  readonly clients: string
  readonly calls: string
  readonly faults?: string
  readonly append?: string
  readonly json?: true
}

interface Played {
  readonly seed: number
  readonly totals: SeedTotals
  readonly seconds: number
}

const help = `
Examples:
  $ oncewire simulate --runs 50000                  50,000 worlds on all cores; the last line says how to see a failure
  $ oncewire simulate --seconds 60                  as many as there is time for
  $ oncewire simulate --seed 4711                   one world, told line by line: milliseconds, who, what (! is a fault)
  $ oncewire simulate --seed 4711 --faults lost,cut the same seed with no other faults than these

A world with --seed is the same on every machine and at every time, as long as the code is the same.`

export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description(
      'plays worlds that seeds decide: bad networks, disks, clocks and crashes; exit code 1 if a promise is broken',
    )
    .option('--seed <n>', 'the first seed; with neither --runs nor --seconds, plays that one and tells what happens')
    .option('--runs <n>', 'how many worlds; 1,000 if neither --seed nor --seconds is there')
    .option('--seconds <n>', 'ends after so long')
    .option('--workers <n>', 'threads that play (default: one a core)')
    .option('--clients <n>', 'clients of each world', '2')
    .option('--calls <n>', 'calls of each world', '10')
    .option('--faults <names>', `no others than these, with commas: ${faultNames.join(', ')}`)
    .option('--append <file>', 'adds the figures to those in a JSON file, from the first seed that is not in it on')
    .option('--json', 'one line of JSON')
    .addHelpText('after', help)
    .action(async (flags: Flags) => {
      const world = {
        clients: whole('--clients', flags.clients, 1),
        calls: whole('--calls', flags.calls),
        faults: flags.faults === undefined ? undefined : faultsOf(flags.faults),
      }
      const isOne = flags.seed !== undefined && flags.runs === undefined && flags.seconds === undefined
      if (isOne && flags.append === undefined) await showOne(whole('--seed', flags.seed), world, flags)
      else await playAll(world, flags)
    })
}

// --- one world

async function showOne(seed: number, world: WorldOptions, { json }: Flags): Promise<void> {
  const { violations, trace, simulatedMs, faults } = await simulateOnce({ ...world, seed, isTraced: true })
  if (json) process.stdout.write(`${JSON.stringify({ seed, violations, simulatedMs, faults, trace })}\n`)
  else {
    const verdict =
      violations.length === 0
        ? [painted('no promise was broken', '32', process.stdout)]
        : ['broken:', ...violations].map((line) => painted(line, '31', process.stdout))
    process.stdout.write(`${['        ms', ...trace, ...verdict].join('\n')}\n`)
  }
  process.exitCode = violations.length > 0 ? exitCodes.found : exitCodes.ok
}

// --- many

async function playAll(world: WorldOptions, flags: Flags): Promise<void> {
  const runs = flags.runs ?? (flags.seconds !== undefined ? undefined : flags.seed === undefined ? '1000' : '1')
  const count = runs === undefined ? Infinity : whole('--runs', runs, 1)
  const seconds = flags.seconds === undefined ? Infinity : whole('--seconds', flags.seconds, 1)
  const workers = flags.workers === undefined ? availableParallelism() : whole('--workers', flags.workers, 1)
  const played = `${codeVersion()}, ${worldName(world)}`
  const seed = firstSeed(flags, played)
  const startMs = performance.now()
  const elapsed = (): number => (performance.now() - startMs) / 1000
  const totals = await playMany(world, {
    first: seed,
    count,
    workers,
    isOver: () => elapsed() > seconds,
    onProgress: progress({ count, seconds, elapsed }),
  })
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const result = { seed, totals, seconds: elapsed() }
  process.stdout.write(flags.json ? `${JSON.stringify(asJson(result))}\n` : table(result, world))
  if (totals.failures.length > 0) process.exitCode = exitCodes.found
  if (flags.append !== undefined) append(flags.append, played, { result, world })
}

/** With a file to add to, seeds go on where this code left off in it, and none is counted twice. */
function firstSeed(flags: Flags, played: string): number {
  if (flags.append === undefined) return whole('--seed', flags.seed ?? String(Date.now() % 1_000_000_000))
  const next = nextUnplayed(readProof(flags.append)['simulator'], played)
  const seed = flags.seed === undefined ? next : whole('--seed', flags.seed)
  if (seed < next)
    throw new UsageError(
      `${flags.append} holds seeds up to ${next - 1} of this code already, and a seed counts once: leave --seed out, or begin at ${next}`,
    )
  return seed
}

function append(
  file: string,
  played: string,
  { result, world }: { readonly result: Played; readonly world: WorldOptions },
): void {
  const { seed, totals } = result
  if (totals.failures.length > 0) return say(`${file} is as it was: what these worlds found is to be mended first`)
  appendProof(file, 'simulator', {
    total: {
      seeds: totals.worlds,
      clients: totals.worlds * world.clients,
      callsWanted: totals.worlds * world.calls,
      simulatedYears: totals.simulatedMs / msOfYear,
      violations: 0,
      faults: inOrder(totals.faults),
    },
    played: { what: played, from: seed, to: seed + totals.worlds - 1 },
  })
  say(`added to ${file}`)
}

const msOfYear = 365.25 * 86_400_000

/** What tells worlds of one seed apart. */
function worldName({ clients, calls, faults }: WorldOptions): string {
  return `${clients} clients, ${calls} calls${faults === undefined ? '' : `, only ${faults.join(' ')}`}`
}

const progress = (of: { readonly count: number; readonly seconds: number; readonly elapsed: () => number }) => {
  // On a terminal several times a second; elsewhere a line now and then, or a log would say nothing for twenty minutes.
  const everyMs = process.stderr.isTTY ? 200 : 30_000
  let saidMs = performance.now()
  return ({ worlds, failures }: SeedTotals): void => {
    if (performance.now() - saidMs < everyMs) return
    saidMs = performance.now()
    const broken = failures.length === 0 ? '' : `, ${failures.length} with a broken promise`
    const goal = of.count === Infinity ? `${Math.round(of.elapsed())} of ${of.seconds} s` : `of ${grouped(of.count)}`
    const text = `${grouped(worlds)} worlds, ${goal}, ${Math.round(worlds / of.elapsed())} a second${broken}`
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`)
  }
}

function asJson({ seed, totals, seconds }: Played): object {
  const { worlds, simulatedMs, faults, failures } = totals
  const worldsPerSecond = Math.round(worlds / seconds)
  return { seed, runs: worlds, simulatedDays: simulatedMs / 86_400_000, seconds, worldsPerSecond, faults, failures }
}

function table({ seed, totals, seconds }: Played, world: WorldOptions): string {
  const { worlds, simulatedMs, faults, failures } = totals
  const rate = `${Math.round(worlds / seconds)} worlds a second`
  const lines = [
    `${grouped(worlds)} worlds, seeds ${seed} to ${seed + worlds - 1}, ${(simulatedMs / 86_400_000).toFixed(1)} simulated days, ${rate}`,
    ...Object.entries(inOrder(faults)).map(([name, count]) => `  ${name.padEnd(24)} ${grouped(count).padStart(12)}`),
    failures.length === 0
      ? painted('no promise was broken', '32', process.stdout)
      : painted(`${failures.length} worlds with a broken promise:`, '31', process.stdout),
    ...failures
      .slice(0, shownMax)
      .flatMap((one) => [
        `  seed ${one.seed}`,
        ...one.violations.map((line) => `    ${line}`),
        `    see it: ${replayCommand(one.seed, world)}`,
      ]),
  ]
  if (failures.length > shownMax) lines.push(`  and ${failures.length - shownMax} more (--json lists them all)`)
  return `${lines.join('\n')}\n`
}

const shownMax = 10

function replayCommand(seed: number, { clients, calls, faults }: WorldOptions): string {
  const options = [
    ...(clients === 2 ? [] : [`--clients ${clients}`]),
    ...(calls === 10 ? [] : [`--calls ${calls}`]),
    ...(faults === undefined ? [] : [`--faults ${faults.join(',')}`]),
  ]
  return ['oncewire simulate', `--seed ${seed}`, ...options].join(' ')
}

const inOrder = (faults: SeedTotals['faults']): Record<string, number> =>
  Object.fromEntries(faultNames.map((name) => [name, faults[name] ?? 0]))

const grouped = (n: number): string => n.toLocaleString('en')

function whole(option: string, text: string | undefined, least = 0): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < least)
    throw new UsageError(`${option} is a whole number${least > 0 ? ` from ${least} on` : ''}, not ${text}`)
  return value
}

function faultsOf(text: string): Fault[] {
  return text.split(',').map((name) => {
    const fault = faultNames.find((known) => known === name.trim())
    if (fault === undefined) throw new UsageError(`there is no fault "${name}".${didYouMean(name, faultNames)}`)
    return fault
  })
}
