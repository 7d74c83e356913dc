/**
 * The matrix for a person at a terminal: a row a failure, a column a delivery, and what to see in it.
 *
 * Invariant: no line has more than 100 columns, and nothing is said by colour alone.
 */
import { type Cell, deliveries, failureNames, failures, toldWords } from './matrix.ts'

/** Text in a style of the terminal (the number of an SGR sequence), or as it is. */
export type Paint = (text: string, style: string) => string

const columnWidth = 21
const nameWidth = 22

export function renderMatrix(cells: readonly Cell[], paint: Paint): string {
  const rows = failureNames.filter((failure) => cells.some((cell) => cell.failure === failure))
  const head = ['what goes wrong'.padEnd(nameWidth), ...deliveries.map((delivery) => delivery.padEnd(columnWidth))]
  const rule = [nameWidth, ...deliveries.map(() => columnWidth)].map((width) => '─'.repeat(width))
  const lines = rows.map((failure) => {
    const row = deliveries.map((delivery) => {
      const cell = cells.find((one) => one.failure === failure && one.delivery === delivery)
      return cell === undefined ? ' '.repeat(columnWidth) : renderCell(cell, paint)
    })
    return [paint(failure.padEnd(nameWidth), '1'), ...row].join('│ ').trimEnd()
  })
  const explained = rows.map((failure) => `  ${failure.padEnd(nameWidth)}${failures[failure]}`)
  const table = [head.join('│ ').trimEnd(), rule.join('┼─'), ...lines]
  return ['', ...table, '', ...legend(cells), '', ...findings(cells, paint), '', ...explained].join('\n')
}

/** `1x  ok`, `2x! ok`, `0-1x  unknown`: how often the money was taken, and what the client was told. */
export function renderCell(cell: Cell, paint: Paint): string {
  const times = Object.keys(cell.effects)
    .filter((count) => (cell.effects[count] ?? 0) > 0)
    .toSorted((a, b) => Number(a) - Number(b))
  const least = times[0] ?? '0'
  const most = times.at(-1) ?? '0'
  const told = toldWords.filter((word) => cell.told[word] > 0)
  const isTwice = Number(most) > 1
  const text = `${least === most ? least : `${least}-${most}`}x${isTwice ? '!' : ' '} ${told.join('/')}`
  const mark = cell.kept && cell.honest ? '' : cell.honest ? ' BROKEN' : ' LIE'
  const isDoubtful = told.includes('unknown') || told.includes('nothing')
  const style = mark !== '' ? '41;97' : isTwice ? '31' : isDoubtful ? '33' : '32'
  return paint(`${text}${mark}`.padEnd(columnWidth), style)
}

function legend(cells: readonly Cell[]): string[] {
  const isTold = (word: 'unknown' | 'nothing'): boolean => cells.some((cell) => cell.told[word] > 0)
  return [
    '1x ok     the $10 were taken once, and the client was told so; 2x! taken twice',
    ...(isTold('unknown') ? ['unknown   the client cannot know whether they were taken, and is told just that'] : []),
    ...(isTold('nothing') ? ['nothing   the client died, and nobody is left who knows of its call'] : []),
  ]
}

/** What this run shows, in a line for each delivery. */
function findings(cells: readonly Cell[], paint: Paint): string[] {
  const of = (delivery: string): Cell[] => cells.filter((cell) => cell.delivery === delivery)
  const isTwice = (cell: Cell): boolean => Object.entries(cell.effects).some(([n, calls]) => Number(n) > 1 && calls > 0)
  const twice = of('at-least-once').filter(isTwice).length
  const doubtful = of('at-most-once').filter((cell) => cell.told.unknown + cell.told.nothing > 0).length
  const exact = of('exactly-once')
  const isExact = exact.every((cell) => cell.effects['1'] === cell.calls && cell.told.ok === cell.calls)
  const broken = cells.filter((cell) => !cell.kept || !cell.honest).length
  const calls = cells.reduce((sum, cell) => sum + cell.calls, 0)
  const name = (delivery: string): string => paint(delivery.padEnd(14), '1')
  const lines = [
    ...(twice > 0
      ? [`${name('at-least-once')}took the money twice in ${twice} rows: only for calls that may be repeated.`]
      : []),
    ...(doubtful > 0
      ? [`${name('at-most-once')}never repeats a call by itself; in ${doubtful} rows nobody can say whether it ran.`]
      : []),
    ...(exact.length > 0
      ? [`${name('exactly-once')}${isExact ? 'took the money once and said so, every time.' : paint('FAILED.', '31')}`]
      : []),
  ]
  const verdict =
    broken === 0
      ? `${calls} calls: every promise kept, no client told a lie.`
      : paint(`${broken} of ${cells.length} cells broke their promise or lied.`, '31')
  return [...lines, '', verdict]
}
