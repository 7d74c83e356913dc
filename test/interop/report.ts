/**
 * What a run found, as the tables of docs/interop.md.
 */
import { faults, notes } from './faults.ts'
import type { OnceRow } from './once.ts'
import type { Peer } from './peers.ts'
import type { Row } from './run.ts'

interface Tally {
  passed: number
  fault: number
  failed: number
  mended: number
}

export function tally(rows: readonly Row[]): Tally {
  const sum: Tally = { passed: 0, fault: 0, failed: 0, mended: 0 }
  for (const { verdict } of rows) sum[verdict]++
  return sum
}

/** One table of a peer: combinations down, who calls across. */
function tableOf(peer: Peer, version: string, rows: readonly Row[]): string {
  const combinations = [...new Set([...peer.asClient, ...peer.asServer])]
  const lines = combinations.map((combination) => {
    const cells = (['peer', 'ours'] as const).map((caller) =>
      cell(rows.filter((row) => row.caller === caller && row.combination === combination)),
    )
    const [codec, transport, more] = combination.split('/')
    return `| ${codec} | ${transport}${more === undefined ? '' : `, ${more}`} | ${cells.join(' | ')} |`
  })
  return [
    `### ${peer.name}: ${peer.library} ${version}`,
    '',
    '| codec | transport | it calls us | we call it |',
    '|---|---|---|---|',
    ...lines,
  ].join('\n')
}

function cell(rows: readonly Row[]): string {
  if (rows.length === 0) return '-'
  const { passed, fault, failed, mended } = tally(rows)
  const faulty = fault === 0 ? '' : `, ${fault} peer faults`
  const wrong = failed + mended === 0 ? '' : `, **${failed + mended} FAILED**`
  return `${passed} passed${faulty}${wrong}`
}

/** Every known fault of the peers that ran. */
function faultTable(rows: readonly Row[]): string {
  const lines = faults.flatMap((fault) => {
    const shown = rows.filter((row) => row.fault === fault && row.verdict === 'fault')
    if (shown.length === 0) return []
    const who = fault.caller === undefined ? 'both' : fault.caller === 'peer' ? 'it calls us' : 'we call it'
    const where = fault.where === undefined ? 'everywhere' : `\`${fault.where.source.replaceAll('|', '\\|')}\``
    const cases = fault.cases.map((name) => `\`${name}\``).join(', ')
    return [`| ${fault.peers.join(', ')} | ${cases} | ${who} | ${where} | ${fault.reason} | ${shown.length} |`]
  })
  return ['| peer | cases | direction | combinations | reason | seen |', '|---|---|---|---|---|---|', ...lines].join(
    '\n',
  )
}

/** Exactly-once for peers without our code. */
function onceTable(rows: readonly OnceRow[]): string {
  const ways = new Set(rows.map(({ peer, way }) => `${peer} ${way}`))
  const lines = [...ways].map((each) => {
    const [peer, place, combination] = each.split(' ')
    const found = rows.filter((row) => `${row.peer} ${row.way}` === each)
    const failed = found.filter(({ ok }) => !ok).length
    const wrong = failed === 0 ? '' : `, **${failed} FAILED**`
    const header =
      combination?.endsWith('http') === true ? 'HTTP header `Idempotency-Key`' : 'info header `idempotency-key`'
    const where = place === 'header' ? header : 'argument field 32767'
    return `| ${peer} | ${combination} | ${where} | ${found.length - failed} passed${wrong} |`
  })
  const cases = [...new Set(rows.map((row) => row.case))].join('; ')
  return [
    `A call of an exactly-once method on a SQLite file, by a client that has none of our code: ${cases}.`,
    ['| peer | combination | the key travels as | cases |', '|---|---|---|---|', ...lines].join('\n'),
  ].join('\n\n')
}

/** The section of docs/interop.md. */
export function report(
  ran: readonly { readonly peer: Peer; readonly version: string }[],
  rows: readonly Row[],
  once: readonly OnceRow[],
): string {
  const { passed, fault, failed, mended } = tally(rows)
  const names = new Set(rows.map((row) => row.case))
  const summary = `${rows.length} cases: ${passed} passed, ${fault} known faults of a peer, ${failed + mended} failed. ${names.size} different cases; one is a value or a behaviour, checked by both ends.`
  const tables = ran.map(({ peer, version }) =>
    tableOf(
      peer,
      version,
      rows.filter((row) => row.peer === peer.name),
    ),
  )
  const more = notes.map(({ peer, text }) => `- ${peer}: ${text}.`).join('\n')
  return [
    summary,
    ...tables,
    '### What the peers get wrong',
    faultTable(rows),
    more,
    '### Exactly-once for them too',
    onceTable(once),
  ].join('\n\n')
}
