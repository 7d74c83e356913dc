/**
 * Every kind of long run whose figures stand in docs/proof.md, in the order of the page. Add yours here.
 */
export interface Section {
  readonly title: string
  /** What is done, and what would be wrong; one or two sentences. */
  readonly about: string
  /** Repeats it. */
  readonly command: string
}

const table = {
  simulator: {
    title: 'Simulated worlds',
    about:
      'Each seed is one world: the production machines, drivers and ledger on a simulated network, disks and clocks, with faults; then faults end, everything has to finish, and the invariants of the [protocol](protocol.md) are asked. No seed is counted twice for one version of the code.',
    command: 'npm run proof:simulate',
  },
  rules: {
    title: 'Rules taken out',
    about:
      'Each rule of the protocol is one marked statement. It is taken out of a copy of the code, and the worlds are played until one breaks a promise: a simulator that could not fail would prove nothing. The table says which seed noticed.',
    command: 'npm run proof:rules',
  },
  chaos: {
    title: 'Chaos',
    about:
      'Real server and client processes on SQLite, and on one PostgreSQL, behind links of `oncewire proxy` that lose, repeat, reorder, delay and cut; kill -9, SIGSTOP, database crashes and restarts at moments that a seed decides. Every call is accounted for afterwards from what its client wrote down and what stands in databases and on tapes: no effect twice, none that was told `never`, none missing that was told; every answer the one that was made; money conserved; journals and ledgers empty in the end.',
    command: 'npm run proof:chaos',
  },
  crash: {
    title: 'Crash points',
    about:
      'The statements at which a crash matters are marked in the code; a copy of it, in real processes, ends itself there by SIGKILL: client or server, alone or both, or with all that was not synced lost; on a first delivery, a retransmission, a replay, a recovery and a reconciliation. Then all is started again, and every effect, every answer, the journal and the ledger are counted. A point counts once for each side and each ledger (SQLite, PostgreSQL) that comes to it.',
    command: 'npm run proof:crash',
  },
  power: {
    title: 'Power cuts',
    about:
      'Real server and client processes under a shim that writes down every write, rename, sync and frame sent. At each sync the disks are rebuilt as a power cut would leave them, with what was not synced lost, torn, or there by chance in writes or sectors; production code opens them, and everything has to end: what was told stands, what stands was told, each effect once.',
    command: 'npm run proof:power',
  },
} as const satisfies Readonly<Record<string, Section>>

export type SectionName = keyof typeof table
export const sections: Readonly<Record<SectionName, Section>> = table
