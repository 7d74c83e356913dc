/**
 * From the entries of a journal to what they say. Pure.
 *
 * Invariant: the state of a prefix of the entries is a state that the journal really had.
 */
import type { SessionId } from '../once/frame.ts'
import type { JournalEntry, JournalledCall, JournalState, RunEvent } from '../once/journal.ts'

/** What a list of entries says. */
export function foldJournal(entries: Iterable<JournalEntry>): JournalState {
  return new JournalFold(entries).state
}

type Ended = Extract<JournalEntry, { kind: 'ended' }>['outcome']

type StepEntry = Extract<JournalEntry, { kind: 'step-begun' | 'step-ended' | 'step-resolved' }>

export class JournalFold {
  private session: SessionId | undefined
  private ledgerId = ''
  private principal = ''
  private epoch = 0
  private highest = 0
  /** In the order in which they began. */
  private readonly calls = new Map<
    number,
    { readonly call: JournalledCall; isGivenUp: boolean; outcome: Ended | undefined }
  >()
  private readonly runs = new Map<string, RunEvent[]>()

  constructor(entries: Iterable<JournalEntry>) {
    for (const entry of entries) this.add(entry)
  }

  add(entry: JournalEntry): void {
    switch (entry.kind) {
      case 'session':
        this.session = entry.session
        this.ledgerId = entry.ledgerId
        this.principal = entry.principal
        this.highest = 0
        break
      case 'opened':
        this.epoch = entry.epoch
        break
      case 'begun':
        this.calls.set(entry.number, { call: entry.call, isGivenUp: false, outcome: undefined })
        this.highest = Math.max(this.highest, entry.number)
        break
      case 'highest':
        this.highest = Math.max(this.highest, entry.number)
        break
      case 'given-up':
        this.change(entry.number, (call) => (call.isGivenUp = true))
        break
      case 'ended':
        this.change(entry.number, (call) => (call.outcome = entry.outcome))
        break
      case 'handed-over':
        this.calls.delete(entry.number)
        break
      case 'run-forgotten':
        this.runs.delete(entry.run)
        break
      default:
        this.addStep(entry)
    }
  }

  private addStep(entry: StepEntry): void {
    const { run, step } = entry
    const events = this.runs.get(run) ?? []
    this.runs.set(run, events)
    if (entry.kind === 'step-ended') return void events.push({ kind: 'ended', step, outcome: entry.outcome })
    if (entry.kind === 'step-resolved') return void events.push({ kind: 'resolved', step, executed: entry.executed })
    const { begun } = entry
    // A number of another session says nothing here: `session` sets `highest` back.
    if (begun.kind === 'call' && begun.session === this.session) this.highest = Math.max(this.highest, begun.number)
    const event: RunEvent = { kind: 'begun', step, begun }
    const before = events.findIndex((earlier) => earlier.kind === 'begun' && earlier.step === step)
    if (before < 0) events.push(event)
    else events[before] = event
  }

  get state(): JournalState {
    const calls = [...this.calls]
    return {
      session: this.session,
      ledgerId: this.ledgerId,
      principal: this.principal,
      epoch: this.epoch,
      highest: this.highest,
      open: calls.flatMap(([number, { call, isGivenUp, outcome }]) =>
        outcome === undefined ? [{ number, call, isGivenUp }] : [],
      ),
      unclaimed: calls.flatMap(([number, { call, outcome }]) =>
        outcome === undefined ? [] : [{ number, call, outcome }],
      ),
      runs: Array.from(this.runs, ([run, events]) => ({ run, events: [...events] })),
    }
  }

  /** The fewest entries that say the same. Calls first: some may be of an earlier session, whose numbers count no more. */
  entries(): JournalEntry[] {
    const entries: JournalEntry[] = []
    for (const [number, { call, isGivenUp, outcome }] of this.calls) {
      entries.push({ kind: 'begun', number, call })
      if (isGivenUp) entries.push({ kind: 'given-up', number })
      if (outcome !== undefined) entries.push({ kind: 'ended', number, outcome })
    }
    for (const [run, events] of this.runs) for (const event of events) entries.push(stepEntry(run, event))
    const { session, ledgerId, principal } = this
    if (session !== undefined) entries.push({ kind: 'session', session, ledgerId, principal })
    if (this.epoch > 0) entries.push({ kind: 'opened', epoch: this.epoch })
    if (this.highest > 0) entries.push({ kind: 'highest', number: this.highest })
    return entries
  }

  private change(number: number, act: (call: { isGivenUp: boolean; outcome: Ended | undefined }) => void): void {
    const call = this.calls.get(number)
    if (call !== undefined) act(call)
  }
}

function stepEntry(run: string, event: RunEvent): StepEntry {
  const { step } = event
  if (event.kind === 'begun') return { kind: 'step-begun', run, step, begun: event.begun }
  if (event.kind === 'ended') return { kind: 'step-ended', run, step, outcome: event.outcome }
  return { kind: 'step-resolved', run, step, executed: event.executed }
}
