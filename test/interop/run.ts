/**
 * Runs a peer in every combination, both ways, and judges what it said.
 *
 * Invariant: every case of the table is reported in every combination; what a peer does not report has failed.
 */
import { parse } from './combination.ts'
import { type Fault, faultOf } from './faults.ts'
import { callPeer, casesOf } from './our-client.ts'
import { startOurServer } from './our-server.ts'
import { callFrom, serveFrom, type Told } from './peer-process.ts'
import type { Peer } from './peers.ts'

export interface Row {
  readonly peer: string
  readonly caller: 'peer' | 'ours'
  readonly combination: string
  readonly case: string
  /** `fault`: it failed as faults.ts says; `mended`: it should have and did not. */
  readonly verdict: 'passed' | 'failed' | 'fault' | 'mended'
  readonly detail: string
  readonly fault: Fault | undefined
}

/** The peer's client against our server, then our client against the peer's server. `only` picks combinations. */
export async function* run(peer: Peer, only: (combination: string) => boolean = () => true): AsyncGenerator<Row> {
  yield* judged(peer, 'peer', peer.asClient.filter(only), callOurs)
  yield* judged(peer, 'ours', peer.asServer.filter(only), callTheirs)
}

type Calls = (peer: string, combinations: readonly string[]) => AsyncGenerator<Told>

async function* callOurs(peer: string, combinations: readonly string[]): AsyncGenerator<Told> {
  const server = await startOurServer()
  try {
    yield* callFrom(peer, server.port, combinations)
  } finally {
    await server.close()
  }
}

async function* callTheirs(peer: string, combinations: readonly string[]): AsyncGenerator<Told> {
  const { ports, stop } = await serveFrom(peer, combinations)
  try {
    for (const [combination, port] of ports) yield* callPeer(combination, port)
  } finally {
    stop()
  }
}

async function* judged(
  { name: peer }: Peer,
  caller: Row['caller'],
  combinations: readonly string[],
  calls: Calls,
): AsyncGenerator<Row> {
  const missing = new Map(combinations.map((each) => [each, new Set(casesOf(parse(each), caller).keys())]))
  for await (const { combination, case: name = '', ok = false, detail = '' } of calls(peer, combinations)) {
    if (missing.get(combination)?.delete(name) !== true)
      throw new Error(`${peer} reports a case "${name}" that is none`)
    yield verdictOn({ peer, caller, combination, case: name, ok, detail })
  }
  for (const [combination, names] of missing) {
    for (const name of names)
      yield verdictOn({ peer, caller, combination, case: name, ok: false, detail: 'was not reported' })
  }
}

function verdictOn({ ok, ...row }: Omit<Row, 'verdict' | 'fault'> & { readonly ok: boolean }): Row {
  const fault = faultOf(row.peer, { ...row, name: row.case })
  const verdict = ok ? (fault === undefined ? 'passed' : 'mended') : fault === undefined ? 'failed' : 'fault'
  return { ...row, verdict, fault }
}
