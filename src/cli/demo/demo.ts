/**
 * The failure matrix: every failure x every delivery, run for real with processes, kill -9 and a faulty link.
 *
 * Invariant: imports nothing of the library; whatever it says, it read from databases and logs.
 */
import { join } from 'node:path'
import { type CellRun, runCell } from './cell.ts'
import { draw } from './drawing.ts'
import { judge } from './judge.ts'
import { deliveries, type Delivery, type Failure, failureNames } from './matrix.ts'
import { openWorkplace, showProgress } from './processes.ts'
import { type Paint, renderMatrix } from './render.ts'
import { Timeline } from './timeline.ts'

export interface DemoOptions {
  readonly json: boolean
  /** Calls of each cell. */
  readonly calls: number
  /** Only these cells; undefined: all. */
  readonly only: { readonly failure: Failure; readonly delivery: Delivery | undefined } | undefined
  /** Where server.js and client.js are. */
  readonly actors: URL
}

/** Cells that run at the same time. */
const parallel = 3
/** The one that is drawn, if it is among those run. */
const explained = { failure: 'reply-lost', delivery: 'exactly-once' } as const

/** Runs, prints, and answers the exit code: 1 if a cell broke its promise or told a lie. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const startMs = performance.now()
  const workplace = openWorkplace('oncewire-demo-')
  const wanted = cellsOf(options.only)
  const runs: CellRun[] = []
  const queue = [...wanted]
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { calls, actors, json } = options
      const folder = join(workplace.folder, `${next.failure}-${next.delivery}`)
      const run = await runOrFail({ ...next, calls, actors, folder })
      runs.push(run)
      if (json) process.stdout.write(`${JSON.stringify(run.cell)}\n`)
      showProgress(runs.length, wanted.length, 'cells')
    }
  }
  showProgress(0, wanted.length, 'cells')
  await Promise.all(Array.from({ length: parallel }, work))
  if (!options.json) print(runs, (performance.now() - startMs) / 1000)
  const broken = runs.filter(({ cell }) => !cell.kept || !cell.honest)
  for (const { cell, trouble } of broken) {
    const what = trouble ?? (cell.honest ? 'the promise was not kept' : 'a client was told a lie')
    process.stderr.write(`${cell.failure} x ${cell.delivery}: ${what}\n`)
  }
  if (broken.length === 0) return 0
  workplace.keep()
  process.stderr.write(`databases, journals and what the processes wrote are in ${workplace.folder}\n`)
  return 1
}

type Wanted = { readonly failure: Failure; readonly delivery: Delivery }

function cellsOf(only: DemoOptions['only']): Wanted[] {
  const all = failureNames.flatMap((failure) => deliveries.map((delivery) => ({ failure, delivery })))
  if (only === undefined) return all
  return all.filter((cell) => cell.failure === only.failure && (only.delivery ?? cell.delivery) === cell.delivery)
}

/** A cell that could not even be judged is broken too. */
async function runOrFail(orders: Parameters<typeof runCell>[0]): Promise<CellRun> {
  try {
    return await runCell(orders)
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error)
    return { cell: judge(orders.failure, orders.delivery, []), timeline: new Timeline(), trouble }
  }
}

function print(runs: readonly CellRun[], seconds: number): void {
  const isColored = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === ''
  const paint: Paint = (text, style) => (isColored && text !== '' ? `\u001b[${style}m${text}\u001b[0m` : text)
  const shown =
    runs.find(({ cell }) => cell.failure === explained.failure && cell.delivery === explained.delivery) ?? runs[0]
  const lines = [
    renderMatrix(
      runs.map(({ cell }) => cell),
      paint,
    ),
  ]
  if (shown !== undefined) {
    const { failure, delivery } = shown.cell
    const title = `One of them, step by step: ${paint(`${failure} x ${delivery}`, '1')}`
    lines.push('', title, '', ...draw(shown.timeline, delivery, paint))
  }
  lines.push(
    '',
    `Run for real in ${seconds.toFixed(0)} s: server and clients are processes, killed with SIGKILL; what was taken is`,
    "read from the database, what was told from the clients' own logs.",
  )
  process.stdout.write(`${lines.join('\n')}\n`)
}
