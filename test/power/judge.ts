/**
 * A power cut at one place of a trace: what must be on the disks, and how both sides go on from there.
 *
 * Invariant: judged by what the outside world knows (outside.ts) and by the rows and entries that production code reads.
 */
import { join } from 'node:path'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'oncewire'
import { sqlite, type SqliteLedger } from 'oncewire/sqlite'
import { Atm } from '../../examples/atm/gen/atm.ts'
import { KillBank } from '../../src/cli/kill/bank.ts'
import { foldJournal } from '../../src/journal/fold.ts'
import { readJournal } from '../../src/journal/journal-bytes.ts'
import type { JournalEntry, JournalState } from '../../src/once/journal.ts'
import { nameInPayload, type Outside, xidOf } from './outside.ts'
import { bankAndMachines, schema } from './service.ts'
import { nameOf, nameOfStep, twoSteps } from './told.ts'
import { journalFile, serverFile, tapesFolder } from './trace.ts'

/** What is wrong with the disks that the cut left in `folder`, and with what both sides make of them. */
export async function judgeCut(folder: string, outside: Outside, journal: Uint8Array | undefined): Promise<string[]> {
  mkdirSync(join(folder, 'server'), { recursive: true })
  mkdirSync(join(folder, 'client'), { recursive: true })
  mkdirSync(join(folder, tapesFolder), { recursive: true })
  const ledger = await sqlite(join(folder, serverFile), { schema })
  try {
    const entries = readJournal(journalFile, journal ?? new Uint8Array(0))?.entries ?? []
    const state = foldJournal(entries)
    return [
      ...wrongInLedger(ledger, outside),
      ...wrongInJournal(entries, state, outside),
      ...(await wrongAfterwards(folder, ledger, { state, outside })),
    ]
  } finally {
    await ledger.close()
  }
}

interface SessionRow {
  readonly sid: bigint
  readonly epoch: bigint
  readonly first_unacked: bigint
}

function wrongInLedger(ledger: SqliteLedger, outside: Outside): string[] {
  const wrong: string[] = []
  const sessionOf = (id: string): SessionRow | undefined =>
    ledger.get<SessionRow & Record<string, bigint>>('SELECT * FROM oncewire_session WHERE id = ?', id)
  for (const { id, epoch, session } of outside.welcomes) {
    if (session === 'durable' && !((sessionOf(id)?.epoch ?? -1n) >= epoch))
      wrong.push(`WELCOME to epoch ${epoch} of ${id} left, and the ledger does not know it`)
  }
  const effects = effectsOf(ledger)
  for (const [xid, reply] of outside.replies) {
    const session = sessionOf(reply.session)
    if (session === undefined) {
      wrong.push(`a reply to ${xid} left, and its session is not in the ledger`)
      continue
    }
    const record = ledger.get('SELECT 1 FROM oncewire_record WHERE sid = ? AND number = ?', session.sid, reply.number)
    if (record === undefined && session.first_unacked <= reply.number)
      wrong.push(`a reply to ${xid} left, and its record is lost`)
    // A call that was given up before it left is only asked for.
    const name = outside.nameOf(reply) ?? ''
    if (reply.outcome.kind === 'reply' && name.startsWith('t-') && effects.get(name) !== 1)
      wrong.push(`a success of ${name} left, and its effect stands ${effects.get(name) ?? 0} times`)
  }
  const intents = ledger.all<{ session: string; number: bigint }>('SELECT session, number FROM oncewire_intent')
  const intended = new Set(intents.map(({ session, number }) => outside.nameOf({ session, number: Number(number) })))
  for (const name of outside.paid) if (!intended.has(name)) wrong.push(`${name} was paid, and its intent is lost`)
  return wrong
}

function wrongInJournal(entries: readonly JournalEntry[], state: JournalState, outside: Outside): string[] {
  const wrong: string[] = []
  const journalled = new Set(entries.flatMap((entry) => xidsOf(entry, state)))
  for (const [xid, call] of outside.calls) {
    const isKnown = journalled.has(xid) || outside.replies.has(xid)
    if (!isKnown || state.highest < call.number) wrong.push(`the call ${xid} left, and the journal does not know it`)
  }
  for (const { epoch, session } of outside.hellos) {
    if (session === 'durable' && state.epoch < epoch)
      wrong.push(`HELLO with epoch ${epoch} left, and the journal says ${state.epoch}`)
  }
  const acked = outside.firstUnacked.get(state.session ?? '') ?? 0
  for (const { number } of state.open) {
    if (number < acked) wrong.push(`the call ${number} was acknowledged, and the journal holds it open`)
  }
  return wrong
}

function xidsOf(entry: JournalEntry, { session = '' }: JournalState): string[] {
  if (entry.kind === 'begun') return [xidOf({ session, number: entry.number })]
  return entry.kind === 'step-begun' && entry.begun.kind === 'call' ? [xidOf(entry.begun)] : []
}

/** The server starts again on what is left, the client opens its journal, and everything has to end. */
async function wrongAfterwards(
  folder: string,
  ledger: SqliteLedger,
  { state, outside }: { readonly state: JournalState; readonly outside: Outside },
): Promise<string[]> {
  const server = bankAndMachines(ledger, join(folder, tapesFolder))
  const told = outside.told.map(({ name, executed }) => ({ name, executed, by: 'told' }))
  try {
    const { url } = await server.listen('tcp://127.0.0.1:0')
    const channel = await connect(url, { journal: join(folder, journalFile) })
    try {
      channel.client(KillBank)
      channel.client(Atm)
      for await (const { args, outcome } of channel.recovered) {
        const executed = outcome.kind === 'failure' ? outcome.error.executed : 'once'
        told.push({ name: nameOf(args), executed, by: 'recovered' })
      }
      for (const { run } of state.runs) {
        const n = Number(run.split(' ')[1])
        await channel.run(run, (inRun) => twoSteps(inRun.client(KillBank), n))
        for (const step of [1, 2]) told.push({ name: nameOfStep(n, step), executed: 'once', by: 'the run said' })
      }
    } finally {
      await channel.close()
    }
  } finally {
    await server.close()
  }
  const effects = effectsOf(ledger)
  for (const name of tapeOf(folder)) effects.set(name, (effects.get(name) ?? 0) + 1)
  const wrong = told.flatMap(({ name, executed, by }) => {
    const expected = executed === 'once' ? 1 : executed === 'never' ? 0 : undefined
    const found = effects.get(name) ?? 0
    return found === expected ? [] : [`${name}: ${by} ${executed}, and its effect stands ${found} times`]
  })
  for (const [name, times] of effects) if (times > 1) wrong.push(`the effect of ${name} stands ${times} times`)
  const known = new Set(told.map(({ name }) => name))
  for (const { call } of state.open) {
    const name = nameInPayload(call.payload)
    if (!known.has(name)) wrong.push(`${name} was open in the journal, and nobody was told its end`)
  }
  return [...wrong, ...wrongMoney(ledger)]
}

function wrongMoney(ledger: SqliteLedger): string[] {
  const cents = (sql: string): bigint => ledger.get<{ n: bigint }>(sql)?.n ?? 0n
  const alice = cents(`SELECT cents AS n FROM account WHERE name = 'alice'`)
  const bob = cents(`SELECT cents AS n FROM account WHERE name = 'bob'`)
  const there = cents(`SELECT count(*) AS n FROM effect WHERE tag NOT LIKE '%r_-'`)
  const back = cents(`SELECT count(*) AS n FROM effect WHERE tag LIKE '%r_-'`)
  const isRight = alice === 1_000_000n - there + back && alice + bob === 2_000_000n
  return isRight ? [] : [`alice has ${alice} and bob ${bob}, after ${there} transfers there and ${back} back`]
}

/** How often each transfer stands in the ledger, by name. */
function effectsOf(ledger: SqliteLedger): Map<string, number> {
  const rows = ledger.all<{ name: string; n: bigint }>(
    `SELECT substr(tag, 1, instr(substr(tag, 3), '-') + 1) AS name, count(*) AS n FROM effect GROUP BY 1`,
  )
  return new Map(rows.map(({ name, n }) => [name, Number(n)]))
}

/** The names of all payments on the tapes. */
function tapeOf(folder: string): string[] {
  const tapes = join(folder, tapesFolder)
  const lines = readdirSync(tapes).flatMap((name) => readFileSync(join(tapes, name), 'utf8').trim().split('\n'))
  return lines.map((cents) => `paid-${cents}`)
}
