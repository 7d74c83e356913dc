/**
 * Every way in which a call or a program of ours fails, in one table: code, what it means, what to do.
 *
 * Invariant: no code is made anywhere else; docs/errors.md lists the same ones (a test compares).
 */

/** What became of a failed call: it had no effect and never will; it ran; or nobody here can tell. */
export type Executed = 'never' | 'once' | 'unknown'

interface CodeEntry {
  /** What `executed` may be with this code. */
  readonly executed: readonly Executed[]
  readonly meaning: string
  readonly advice: string
}

const table = {
  cancelled: {
    executed: ['never', 'unknown'],
    meaning: 'The caller gave the call up through its signal.',
    advice: 'Where executed is unknown, await error.resolved.',
  },
  closed: {
    executed: ['never', 'unknown'],
    meaning: 'The channel or the server was closed while the call was open.',
    advice: 'Close with drainMs to let open calls end; a journalled call goes on at the next opening.',
  },
  deadline: {
    executed: ['never', 'unknown'],
    meaning: 'No answer came before the deadline of the call.',
    advice: 'Await error.resolved to learn what it was in the end; raise deadlineMs if the server is merely slow.',
  },
  'delivery-differs': {
    executed: ['never', 'unknown'],
    meaning: 'Client and server were generated from IDL that gives the method another delivery.',
    advice: 'Generate both from the same .thrift file.',
  },
  denied: {
    executed: ['never'],
    meaning: 'The server does not let this caller do that, or the session belongs to another principal.',
    advice: 'Check the token given to connect().',
  },
  'effect-unknown': {
    executed: ['unknown'],
    meaning: 'A crash came while an external effect was under way, and nobody could say whether it happened.',
    advice: 'Look for yourself, then settle it once: oncewire ledger FILE --settle ID --executed once|never.',
  },
  fenced: {
    executed: ['never', 'unknown'],
    meaning: 'A newer process has opened this journal (or a copy of it); this one may no longer speak for it.',
    advice: 'Run one process per journal file, and never copy a journal that is in use.',
  },
  'frame-too-large': {
    executed: ['never', 'unknown'],
    meaning: 'A frame, or a message of stock Thrift, is larger than limits.frameBytesMax.',
    advice: 'Send less at a time, or raise the limit on both sides.',
  },
  'idempotency-key-too-long': {
    executed: ['never'],
    meaning: 'An idempotency key is empty or longer than 255 bytes.',
    advice: 'Use a short name of the thing done, such as the order number.',
  },
  'idl-invalid': {
    executed: ['never'],
    meaning: 'A .thrift file has errors.',
    advice: 'Run oncewire check on it: every error is listed with its place.',
  },
  'internal-error': {
    executed: ['never', 'once', 'unknown'],
    meaning: 'The handler threw an error that the IDL does not declare. Its text is in the log of the server.',
    advice: 'Read the log of the server; declare the exception in the IDL if callers should see it.',
  },
  'invalid-argument': {
    executed: ['never'],
    meaning: 'An argument or an option has the wrong type or is out of range; nothing was sent.',
    advice: 'The message names the argument, what it should be and what it was.',
  },
  'invalid-target': {
    executed: ['never'],
    meaning: 'The address is no URL that this version can connect to or listen on.',
    advice: 'Write tcp://host:port or memory:name; connect() takes http://host:port/path too.',
  },
  'journal-behind': {
    executed: ['never', 'unknown'],
    meaning: 'The server holds newer calls of this session than the journal: the journal is an old copy.',
    advice: 'Do not restore journals from backup; remove the file to begin a new session.',
  },
  'journal-damaged': {
    executed: ['never'],
    meaning: 'The journal is no journal of ours, or a record in its middle does not match its checksum.',
    advice:
      'The message names file and offset. Move the file away to begin a new session; what it held open is unknown.',
  },
  'journal-failed': {
    executed: ['never', 'unknown'],
    meaning: 'The journal could not be written or synced; the client stopped using it.',
    advice: 'Free the disk and connect again: what was open is replayed.',
  },
  'journal-format': {
    executed: ['never'],
    meaning: 'The journal was written by a newer Oncewire.',
    advice: 'Install the version that the message names, or a newer one.',
  },
  'journal-locked': {
    executed: ['never'],
    meaning: 'Another living process has this journal open.',
    advice: 'Give each process a journal of its own; the message names the other process.',
  },
  'key-expired': {
    executed: ['unknown'],
    meaning:
      'The idempotency key is a UUID of version 7 that is older than the time for which keys are remembered, so nobody can say whether its call ran.',
    advice: 'Look whether it ran. Retry within the retention (24 hours if the server says nothing else).',
  },
  'key-needs-ledger': {
    executed: ['never'],
    meaning: 'An idempotency key came with a method that is not exactly-once, or from a caller that has no key space.',
    advice: 'Declare the method delivery = "exactly-once", or leave the key out.',
  },
  'key-required': {
    executed: ['never'],
    meaning: 'The server runs exactly-once calls of callers without a session only under an idempotency key.',
    advice: 'Send one: Idempotency-Key: "order-42" over HTTP, the info header idempotency-key in THeader.',
  },
  'key-reused': {
    executed: ['never'],
    meaning: 'The idempotency key was used before, for other arguments.',
    advice: 'Use one key for one thing done.',
  },
  'ledger-differs': {
    executed: ['never', 'unknown'],
    meaning: 'The server has another ledger than the one that holds the session.',
    advice: 'Give connect() only addresses of servers that share one ledger.',
  },
  'ledger-failed': {
    executed: ['never', 'unknown'],
    meaning: 'The ledger could not commit; its writer stopped and remembers nothing that was not on disk.',
    advice: 'See the cause in the log of the server: usually a full disk. Start the server again when it is mended.',
  },
  'ledger-format': {
    executed: ['never'],
    meaning: 'The ledger was written by a newer Oncewire.',
    advice: 'Install the version that the message names, or a newer one.',
  },
  'ledger-unusable': {
    executed: ['never'],
    meaning: 'The ledger cannot be opened: no database, no binding installed, locked, or not durable.',
    advice: 'The message names the file and what to do.',
  },
  'listen-failed': {
    executed: ['never'],
    meaning: 'The server could not listen on the address.',
    advice: 'The message says why: usually the port is taken.',
  },
  malformed: {
    executed: ['never', 'once', 'unknown'],
    meaning: 'What came is no message, no header, no argument or no reply of the method.',
    advice: 'Generate both sides from the same .thrift file; check that the port is the right one.',
  },
  'missing-ledger': {
    executed: ['never'],
    meaning: 'A service with exactly-once methods was added to a server without a ledger.',
    advice: "createServer({ ledger: await sqlite('file.db') }).",
  },
  'no-idl': {
    executed: ['never'],
    meaning: 'A call without generated code, and nobody here knows the IDL: none was given, and the server tells none.',
    advice:
      "connect(url, { idl: 'file.thrift' }), or --idl file.thrift; or let the server be an Oncewire one with reflection on.",
  },
  'non-deterministic-run': {
    executed: ['never'],
    meaning:
      'A resumable run took another path than its journal: at that step it asked for something else than before.',
    advice:
      'The message names both. Take time, chance and everything else that may differ from run.step(); or run.forget().',
  },
  'not-performed': {
    executed: ['never'],
    meaning: 'The server crashed before an external effect, and reconcile found that it had not happened.',
    advice: 'Nothing happened: call again if you still want it.',
  },
  overloaded: {
    executed: ['never', 'unknown'],
    meaning:
      'A queue is full: calls waiting in this client, records that the server keeps for one caller, or calls that it runs.',
    advice: 'Send less at once; try again later.',
  },
  poisoned: {
    executed: ['never'],
    meaning: 'The server crashed each time it ran this call, and will not run it again.',
    advice: 'Look in the log of the server for what kills it; the call had no effect.',
  },
  'reply-too-large': {
    executed: ['never', 'once'],
    meaning: 'The reply is larger than limits.replyBytesMax. An exactly-once call was rolled back; any other ran.',
    advice: 'Answer less at a time, or raise the limit on the server.',
  },
  'server-name-taken': {
    executed: ['never'],
    meaning: 'Another living server uses the ledger under the same name.',
    advice: "createServer({ name: 'atm-1' }): a name of its own for each, the same at every start.",
  },
  'session-expired': {
    executed: ['never', 'unknown'],
    meaning: 'The server no longer knows the session: it was started again, or the lease ended.',
    advice: 'Look before you try again: a call sent before may have run.',
  },
  settled: {
    executed: ['never', 'once'],
    meaning: 'An operator looked, and settled whether the external effect of the call happened.',
    advice: 'The effect is as executed says; its result is not known.',
  },
  stale: {
    executed: ['unknown'],
    meaning: 'The server has been told that this call was finished, and has forgotten it.',
    advice: 'Two processes use one session, or a journal was restored.',
  },
  'still-running': {
    executed: ['unknown'],
    meaning: 'A duplicate of a call arrived while the call was running.',
    advice: 'The call goes on; ask again later.',
  },
  'transaction-misused': {
    executed: ['never'],
    meaning: 'A handler used call.tx after it returned, or sent BEGIN, COMMIT or ROLLBACK through it.',
    advice: 'Use tx only inside the handler; the call is the transaction.',
  },
  unavailable: {
    executed: ['never', 'unknown'],
    meaning: 'The server could not be reached, or the connection ended before the reply came.',
    advice: 'Is it running, and is the address right? The cause says what the operating system answered.',
  },
  'unknown-method': {
    executed: ['never'],
    meaning: 'The server has the service but no such method.',
    advice: 'Generate both sides from the same .thrift file; the message lists near names.',
  },
  'unknown-service': {
    executed: ['never'],
    meaning: 'The server does not offer the service.',
    advice: 'server.add(Service, handlers); the message lists what it offers.',
  },
  unsupported: {
    executed: ['never'],
    meaning: 'This version, or the server, does not do that.',
    advice: 'The message says what is missing.',
  },
  version: {
    executed: ['never', 'unknown'],
    meaning: 'Client and server share no version of the call protocol.',
    advice: 'Upgrade the older one; the message names both.',
  },
  window: {
    executed: ['never', 'unknown'],
    meaning: 'The session has as many unacknowledged calls as the server remembers for it.',
    advice: 'The client waits by itself; seen only where a peer breaks the rule.',
  },
  withdrawn: {
    executed: ['never'],
    meaning: 'The caller gave the call up and asked; the server had not run it and has promised never to.',
    advice: 'Nothing happened: call again if you still want it.',
  },
  'xid-reused': {
    executed: ['never', 'unknown'],
    meaning: 'Two different calls came under one identity.',
    advice: 'A peer breaks the protocol; please report it.',
  },
} as const

/** A word of the table. Stable: a program may branch on it. */
export type ErrorCode = keyof typeof table

/** What each code means; the keys are all the codes there are. */
export const codes: Readonly<Record<ErrorCode, CodeEntry>> = table

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(table, text)
}

export function isExecuted(text: string): text is Executed {
  return text === 'never' || text === 'once' || text === 'unknown'
}
