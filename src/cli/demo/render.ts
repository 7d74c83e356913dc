/**
 * The matrix for a person at a terminal: a row a failure, a column a delivery, and what to see in it.
 */
import { type Cell, deliveries, failureNames, failures, toldWords } from './matrix.ts'

export type Paint = (text: string, style: string) => string

const columnWidth = 19
const nameWidth = 22

export function renderMatrix(cells: readonly Cell[], paint: Paint): string {
  const rows = failureNames.filter((failure) => cells.some((cell) => cell.failure === failure))
  const head = [
    'what goes wrong'.padEnd(nameWidth),
    ...deliveries.map((delivery) => delivery.padEnd(columnWidth)),
  ].join('  ')
  const lines = rows.map((failure) => {
    const row = deliveries.map((delivery) => {
      const cell = cells.find((one) => one.failure === failure && one.delivery === delivery)
      return cell === undefined ? ' '.repeat(columnWidth) : renderCell(cell, paint)
    })
    return [paint(failure.padEnd(nameWidth), '1'), ...row].join('  ')
  })
  const explained = rows.map((failure) => `  ${failure.padEnd(nameWidth)}${failures[failure]}`)
  return ['', paint(head, '4'), ...lines, '', ...legend(cells, paint), '', ...explained].join('\n')
}

/** `1x  ok`, `2x! ok`, `0-1x  unknown`: how often the money was taken, and what the client was told. */
export function renderCell(cell: Cell, paint: Paint): string {
  const times = Object.keys(cell.effects).filter((count) => (cell.effects[count] ?? 0) > 0)
  const least = times[0] ?? '0'
  const most = times.at(-1) ?? '0'
  const told = toldWords.filter((word) => cell.told[word] > 0)
  const isTwice = Number(most) > 1
  const text = `${least === most ? least : `${least}-${most}`}x${isTwice ? '!' : ' '} ${told.join('/')}`
  const mark = cell.kept && cell.honest ? '' : !cell.kept ? ' BROKEN' : ' LIE'
  const style =
    mark !== '' ? '41;97' : isTwice ? '31' : told.includes('unknown') || told.includes('nothing') ? '33' : '32'
  return paint(`${text}${mark}`.padEnd(columnWidth), style)
}

function legend(cells: readonly Cell[], paint: Paint): string[] {
  const calls = cells.reduce((sum, cell) => sum + cell.calls, 0)
  const twice = cells.filter(
    (cell) =>
      cell.delivery === 'at-least-once' &&
      Object.keys(cell.effects).some((n) => Number(n) > 1 && (cell.effects[n] ?? 0) > 0),
  )
  const unknown = cells.filter((cell) => cell.delivery === 'at-most-once' && cell.told.unknown + cell.told.nothing > 0)
  const exact = cells.filter((cell) => cell.delivery === 'exactly-once')
  const isExact = exact.every((cell) => cell.effects['1'] === cell.calls && cell.told.ok === cell.calls)
  const lines = [
    '1x ok: $10 were taken once, and the client was told so.  2x!: taken twice.  unknown: the client cannot know, and is told that.',
    '',
  ]
  if (twice.length > 0)
    lines.push(
      `${paint('at-least-once', '1')} took the money twice in ${twice.length} of these cases: repeat only what may be repeated.`,
    )
  if (unknown.length > 0)
    lines.push(
      `${paint('at-most-once', '1')}  never runs a call again; in ${unknown.length} cases nobody could say whether it had run.`,
    )
  if (exact.length > 0) {
    lines.push(
      `${paint('exactly-once', '1')}  ${isExact ? 'took the money once and said so, every time.' : paint('FAILED in some cell.', '31')}`,
    )
  }
  const broken = cells.filter((cell) => !cell.kept || !cell.honest)
  lines.push(
    '',
    broken.length === 0
      ? `${calls} calls, every promise kept, no client told a lie.`
      : paint(`${broken.length} cells broke their promise.`, '31'),
  )
  return lines
}
