/**
 * The failure matrix: every failure x every delivery, run for real with processes, kill -9 and a faulty link.
 *
 * Invariant: imports nothing of the library; whatever it says, it read from databases and logs.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killAll } from './actors.ts'
import { runCell } from './cell.ts'
import { type Cell, deliveries, type Delivery, type Failure, failureNames } from './matrix.ts'
import { renderMatrix, type Paint } from './render.ts'
import type { Timeline } from './timeline.ts'

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
  const wanted = failureNames
    .flatMap((failure) => deliveries.map((delivery) => ({ failure, delivery })))
    .filter(
      ({ failure, delivery }) =>
        options.only === undefined ||
        (failure === options.only.failure && (options.only.delivery ?? delivery) === delivery),
    )
  const folder = mkdtempSync(join(tmpdir(), 'oncewire-demo-'))
  process.once('exit', killAll)
  process.once('SIGINT', () => {
    rmSync(folder, { recursive: true, force: true })
    process.exit(130)
  })
  const startMs = performance.now()
  const cells = new Map<string, { readonly cell: Cell; readonly timeline: Timeline }>()
  const failed: string[] = []
  const queue = [...wanted]
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const name = `${next.failure} x ${next.delivery}`
      try {
        const done = await runCell({
          ...next,
          calls: options.calls,
          actors: options.actors,
          folder: join(folder, name.replaceAll(' ', '')),
        })
        cells.set(name, done)
        if (options.json) process.stdout.write(`${JSON.stringify(done.cell)}\n`)
      } catch (error) {
        failed.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
      }
      progress(cells.size + failed.length, wanted.length)
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
  const ordered = wanted.flatMap(({ failure, delivery }) => cells.get(`${failure} x ${delivery}`)?.cell ?? [])
  const shown = cells.get(`${explained.failure} x ${explained.delivery}`) ?? [...cells.values()][0]
  if (!options.json) print(ordered, shown, (performance.now() - startMs) / 1000)
  for (const text of failed) process.stderr.write(`${text}\n`)
  const isGood = failed.length === 0 && ordered.every((cell) => cell.kept && cell.honest)
  if (isGood) rmSync(folder, { recursive: true, force: true })
  else process.stderr.write(`what the processes wrote is in ${folder}\n`)
  return isGood ? 0 : 1
}

function print(
  cells: readonly Cell[],
  shown: { readonly cell: Cell; readonly timeline: Timeline } | undefined,
  seconds: number,
): void {
  const isColored = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === ''
  const paint: Paint = (text, style) => (isColored ? `\u001b[${style}m${text}\u001b[0m` : text)
  const lines = [renderMatrix(cells, paint)]
  if (shown !== undefined) {
    const { failure, delivery } = shown.cell
    lines.push(
      '',
      `One of them, step by step: ${paint(`${failure} x ${delivery}`, '1')}`,
      '',
      ...shown.timeline.draw(paint),
    )
  }
  lines.push(
    '',
    `Run for real in ${seconds.toFixed(0)} s: server and clients are processes, killed with SIGKILL; balances are read from the database.`,
  )
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** On a terminal one line that changes; elsewhere nothing, since what is printed there is kept. */
function progress(done: number, all: number): void {
  if (!process.stderr.isTTY) return
  const bar = '█'.repeat(Math.round((done / all) * 30)).padEnd(30, '░')
  process.stderr.write(`\r${bar} ${done} of ${all} cells${done === all ? '\r\u001b[K' : ''}`)
}
