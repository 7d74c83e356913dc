/**
 * `oncewire simulate`: worlds from seeds, in which everything goes wrong that can, and what must hold is checked.
 */
import type { Command } from 'commander'
import { type Fault, faultNames } from '../sim/faults.ts'
import { simulateOnce, type SimulationReport } from '../sim/simulation.ts'
import { didYouMean } from '../std/suggest.ts'
import { exitCodes, say, UsageError } from './terminal.ts'

interface Flags {
  readonly seed?: string
  readonly runs?: string
  readonly clients: string
  readonly calls: string
  readonly faults?: string
  readonly json?: true
}

export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description(
      'plays worlds that seeds decide: bad networks, disks, clocks and crashes; exit code 1 if a promise is broken',
    )
    .option('--seed <n>', 'the first seed; with no --runs, plays that one and prints what happened')
    .option('--runs <n>', 'how many seeds; 1,000 if there is no --seed')
    .option('--clients <n>', 'clients of each world', '2')
    .option('--calls <n>', 'calls of each world', '10')
    .option('--faults <names>', `no others than these, with commas: ${faultNames.join(', ')}`)
    .option('--json', 'one line of JSON')
    .addHelpText('after', '\nExamples:\n  $ oncewire simulate --runs 10000\n  $ oncewire simulate --seed 4711')
    .action(async (flags: Flags) => {
      const seed = whole('--seed', flags.seed ?? String(Date.now() % 1_000_000_000))
      const isOne = flags.seed !== undefined && flags.runs === undefined
      const runs = whole('--runs', flags.runs ?? (isOne ? '1' : '1000'))
      const world = {
        clients: whole('--clients', flags.clients),
        calls: whole('--calls', flags.calls),
        faults: flags.faults === undefined ? undefined : faultsOf(flags.faults),
      }
      if (isOne) await showOne(await simulateOnce({ ...world, seed, isTraced: true }), flags)
      else await playMany({ seed, runs }, world, flags)
    })
}

async function showOne({ seed, violations, trace, simulatedMs }: SimulationReport, { json }: Flags): Promise<void> {
  if (json) process.stdout.write(`${JSON.stringify({ seed, violations, simulatedMs })}\n`)
  else process.stdout.write(`${[...trace, ...violations].join('\n')}\n`)
  process.exitCode = violations.length > 0 ? exitCodes.found : exitCodes.ok
}

async function playMany(
  { seed, runs }: { readonly seed: number; readonly runs: number },
  world: { readonly clients: number; readonly calls: number; readonly faults: readonly Fault[] | undefined },
  { json }: Flags,
): Promise<void> {
  const faults: Partial<Record<Fault, number>> = {}
  const bad: SimulationReport[] = []
  let simulatedMs = 0
  const startMs = performance.now()
  let saidMs = startMs
  for (let n = 0; n < runs; n++) {
    const report = await simulateOnce({ ...world, seed: seed + n })
    simulatedMs += report.simulatedMs
    for (const [name, count] of Object.entries(report.faults))
      faults[name as Fault] = (faults[name as Fault] ?? 0) + count
    if (report.violations.length > 0) bad.push(report)
    if (process.stderr.isTTY && performance.now() - saidMs > 200) {
      saidMs = performance.now()
      process.stderr.write(`\r${n + 1} of ${runs} worlds, ${bad.length} with a broken promise`)
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const seconds = (performance.now() - startMs) / 1000
  const failures = bad.map((report) => ({ seed: report.seed, violations: report.violations }))
  const totals = { seed, runs, simulatedDays: simulatedMs / 86_400_000, seconds, faults, failures }
  if (json) process.stdout.write(`${JSON.stringify(totals)}\n`)
  else process.stdout.write(table(totals))
  process.exitCode = bad.length > 0 ? exitCodes.found : exitCodes.ok
}

function table(totals: {
  readonly seed: number
  readonly runs: number
  readonly simulatedDays: number
  readonly seconds: number
  readonly faults: Partial<Record<Fault, number>>
  readonly failures: readonly { readonly seed: number; readonly violations: readonly string[] }[]
}): string {
  const { seed, runs, simulatedDays, seconds, faults, failures } = totals
  const lines = [
    `${runs} worlds from seed ${seed}, ${simulatedDays.toFixed(1)} days of them, ${Math.round(runs / seconds)} a second`,
    ...faultNames.map((name) => `  ${name.padEnd(24)} ${faults[name] ?? 0}`),
    failures.length === 0 ? 'no promise was broken' : `${failures.length} worlds with a broken promise:`,
    ...failures
      .slice(0, 10)
      .flatMap((one) => [
        ...one.violations.map((line) => `  ${one.seed}: ${line}`),
        `  see it: oncewire simulate --seed ${one.seed}`,
      ]),
  ]
  if (failures.length > 10) say(`(${failures.length - 10} more)`)
  return `${lines.join('\n')}\n`
}

function whole(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new UsageError(`${option} is a whole number, not ${text}`)
  return value
}

function faultsOf(text: string): Fault[] {
  return text.split(',').map((name) => {
    const fault = faultNames.find((known) => known === name.trim())
    if (fault === undefined) throw new UsageError(`there is no fault "${name}".${didYouMean(name, faultNames)}`)
    return fault
  })
}
