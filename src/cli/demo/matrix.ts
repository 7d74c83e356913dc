/**
 * The failures and the deliveries of the matrix, and what is said of one cell.
 */

export const deliveries = ['at-least-once', 'at-most-once', 'exactly-once'] as const
export type Delivery = (typeof deliveries)[number]

/** In the order in which they are shown; each with what happens, in a few words. */
export const failures = {
  none: 'nothing goes wrong',
  'request-lost': 'the network loses the request',
  'reply-lost': 'the network loses the reply',
  repeated: 'the network delivers the request twice',
  delayed: 'a copy of the request arrives after the reply',
  slow: 'the server takes longer than an attempt',
  'server-killed-before': 'kill -9 before the server has the request',
  'server-killed-inside': 'kill -9 inside the handler, after its debit',
  'server-killed-after': 'kill -9 after the commit, before the reply',
  'client-killed': 'kill -9 of the client before the reply',
  'both-killed': 'kill -9 of both before the reply',
  'second-client': 'the user gives up and repeats it elsewhere',
} as const
export type Failure = keyof typeof failures
export const failureNames = Object.keys(failures) as readonly Failure[]

export const toldWords = ['ok', 'exception', 'never', 'once', 'unknown', 'nothing'] as const
/** The last word that the application got of a call; `nothing`: its process died, and no journal knew the call. */
export type Told = (typeof toldWords)[number]

/** One call: how often its effect stands in the database, and what its client was told. */
export interface CallResult {
  readonly effects: number
  readonly told: Told
}

/** One cell, as `--json` prints it. */
export interface Cell {
  readonly failure: Failure
  readonly delivery: Delivery
  readonly calls: number
  readonly effects: Readonly<Record<string, number>>
  readonly told: Readonly<Record<Told, number>>
  readonly honest: boolean
  readonly kept: boolean
}
