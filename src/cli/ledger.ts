/**
 * `oncewire ledger`: what a ledger holds, and what an operator says of effects that nobody else can judge.
 */
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { Intent } from '../once/intent.ts'
import type { HeldRows } from '../once/ledger.ts'
import type { Outcome } from '../once/outcome.ts'
import { xidText } from '../once/frame.ts'
import type { SqliteLedger } from '../ledger/sqlite.ts'
import { counted, exitCodes, say, UsageError } from './terminal.ts'

interface LedgerFlags {
  readonly json?: true
  readonly settle?: string
  readonly executed?: string
  readonly reason?: string
  readonly force?: true
}

export function addLedger(program: Command): void {
  program
    .command('ledger')
    .description('what a ledger holds; and the operator settles what became of an external effect')
    .argument('<file>', 'the SQLite database of a server, which may be running')
    .option('--settle <id>', 'settle, once and for all, the effect of that number')
    .option('--executed <word>', 'with --settle: once (it happened) or never (it did not)')
    .option('--reason <text>', 'with --settle: how you know; callers are told')
    .option('--force', 'with --settle: also one that is open, once its server is stopped for good')
    .option('--json', 'one line of JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ oncewire ledger atm.db\n  $ oncewire ledger atm.db --settle 7 --executed once --reason "it is on the tape"',
    )
    .action(async (file: string, flags: LedgerFlags) => {
      if (!existsSync(file)) throw new UsageError(`there is no file ${file}`)
      const settled = settlementOf(flags)
      const { sqlite } = await import('../ledger/sqlite.ts')
      const ledger = await sqlite(file)
      try {
        if (settled === undefined) await show(ledger, flags)
        else await settle(ledger, settled)
      } finally {
        await ledger.close()
      }
    })
}

interface Settled {
  readonly id: number
  readonly isForced: boolean
  readonly outcome: Outcome
}

function settlementOf({ settle: id, executed, reason, force }: LedgerFlags): Settled | undefined {
  if (id === undefined) {
    if (executed !== undefined || reason !== undefined || force !== undefined)
      throw new UsageError('--executed, --reason and --force go with --settle ID')
    return undefined
  }
  if (!/^[1-9]\d*$/.test(id)) throw new UsageError(`--settle is the number of an effect, not ${id}`)
  if (executed !== 'once' && executed !== 'never')
    throw new UsageError('say what you found: --executed once (it happened) or --executed never (it did not)')
  const message = reason ?? `an operator found that it ${executed === 'once' ? 'happened' : 'did not happen'}`
  return { id: Number(id), isForced: force === true, outcome: { kind: 'failure', code: 'settled', executed, message } }
}

async function settle(ledger: SqliteLedger, { id, isForced, outcome }: Settled): Promise<void> {
  const intent = (await ledger.intents()).find((one) => one.id === id)
  if (intent === undefined) throw new UsageError(`no effect ${id} is open or unknown; without --settle they are listed`)
  if (intent.state === 'open' && !isForced) {
    const message = `effect ${id} is open: the server "${intent.name}" may still perform it, and asks what became of it when it starts. Stop it for good, and add --force`
    throw new UsageError(message)
  }
  const answer = await ledger.complete(id, outcome, { settles: true })
  const isOurs = answer.kind === 'outcome' && !answer.isReplay
  say(isOurs ? `settled: ${lineOf(intent)}` : 'somebody else has settled it meanwhile; nothing was changed')
  process.exitCode = isOurs ? exitCodes.ok : exitCodes.found
}

async function show(ledger: SqliteLedger, { json }: LedgerFlags): Promise<void> {
  const held = await ledger.held()
  const intents = await ledger.intents()
  const text = json
    ? JSON.stringify({ id: ledger.id, ...held, effects: intents.map(factsOf) })
    : textOf(ledger.id, held, intents)
  process.stdout.write(`${text}\n`)
}

function textOf(id: string, held: HeldRows, intents: readonly Intent[]): string {
  const { sessions, records, keys } = held
  const counts = [counted(sessions, 'session'), counted(records, 'record'), counted(keys, 'idempotency key')]
  const head = [`ledger ${id}`, `  ${counts.join(', ')}`]
  if (intents.length === 0) return head.join('\n')
  return [
    ...head,
    'effects that are open, or of which nobody can say whether they happened:',
    ...intents.map((intent) => `  ${lineOf(intent)}`),
  ].join('\n')
}

function lineOf(intent: Intent): string {
  const { id, state, method, xid, key, server, since } = factsOf(intent)
  const named = key === undefined ? '' : `, key ${key}`
  return `${id}  ${state.padEnd(7)}  ${method}  ${xid ?? 'no session'}${named}, of server ${server}, since ${since}`
}

function factsOf({ id, state, method, session, number, idempotencyKey, name, begunMs }: Intent) {
  const xid = session === undefined ? undefined : xidText(session, number)
  return { id, state, method, xid, key: idempotencyKey, server: name, since: new Date(begunMs).toISOString() }
}
