/**
 * Our server of the cross-test services, on one port for every codec and transport.
 *
 * Invariant: a method answers its own value of a case, and only if what came is the same value.
 */
import { inspect, isDeepStrictEqual } from 'node:util'
import { createServer, type Handlers } from 'oncewire'
import { cross, uuids } from './cases.ts'
import { Cross, Second } from './gen/cross.ts'
import { Color, Detailed, Mismatch, Plain } from './gen/parts.ts'
import { Uuids, WrongUuid } from './gen/uuids.ts'

/** Listens on a port of the loopback interface. */
export async function startOurServer(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const notes = new Map<string, number>()
  const server = createServer({ log: () => {} })
  server.add(Cross, {
    ...echoes(cross, (name, got) => new Mismatch({ about: name, got })),
    evolve: (name, value) => {
      check(cross.evolve[name], value, (got) => new Mismatch({ about: `evolve ${name}`, got }))
      return cross.evolve['wide']!
    },
    ping: () => {},
    whoami: () => 'Cross',
    fail(how) {
      if (how === 'plain') throw new Plain({ text: 'plain text' })
      if (how === 'detailed') throw new Detailed({ code: -7, lines: ['a', 'b'], at: { x: 1, y: 2 } })
      if (how === 'undeclared') throw new RangeError('nobody declared this')
      return how
    },
    many(x, y, ...rest) {
      check([true, 'many', Color.RED, [7]], rest.slice(0, 4), (got) => new Mismatch({ about: 'many', got }))
      return { x, y }
    },
    note: (name) => void notes.set(name, (notes.get(name) ?? 0) + 1),
    noted: (name) => notes.get(name) ?? 0,
  })
  server.add(Second, { whoami: () => 'Second' })
  server.add(
    Uuids,
    echoes(uuids, (name, got) => new WrongUuid({ about: name, got })),
  )
  const { url } = await server.listen('tcp://127.0.0.1:0')
  return { port: Number(new URL(url).port), close: () => server.close() }
}

type Table = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** A handler for each method of a table. */
function echoes<S>(table: Table, wrong: (name: string, got: string) => Error): Pick<Handlers<S>, keyof S> {
  const handlers = Object.entries(table).map(([method, values]) => [
    method,
    (name: string, value: unknown) => {
      check(values[name], value, (got) => wrong(`${method} ${name}`, got))
      return values[name]
    },
  ])
  return Object.fromEntries(handlers)
}

function check(wanted: unknown, got: unknown, wrong: (got: string) => Error): void {
  if (!isDeepStrictEqual(got, wanted)) throw wrong(show(got))
}

/** A value as text, shortened. */
export function show(value: unknown): string {
  const text = inspect(value, { depth: 8, breakLength: Infinity, maxArrayLength: 20, maxStringLength: 200 })
  return text.length > 300 ? `${text.slice(0, 300)}...` : text
}
