/**
 * Our client against a server of another library: every case of the table, and what goes beyond values.
 */
import { isDeepStrictEqual } from 'node:util'
import { type Channel, connect, DeclaredException, OncewireError, type Service } from 'oncewire'
import { cross, uuids } from './cases.ts'
import { type Combination, parse } from './combination.ts'
import { Cross, Older, Second } from './gen/cross.ts'
import { Color, Detailed, Plain } from './gen/parts.ts'
import { Uuids } from './gen/uuids.ts'
import type { Told } from './peer-process.ts'
import { show } from './our-server.ts'

type Run = (channel: Channel) => Promise<unknown>

/** Every case that is tried in a combination, by its name: what a peer must report, and what our client does. */
export function casesOf({ isMultiplexed, isUuid }: Combination, whoCalls: 'ours' | 'peer'): ReadonlyMap<string, Run> {
  if (isUuid) return new Map(echoes(Uuids, uuids))
  const cases = new Map<string, Run>([...echoes(Cross, cross), ...Object.entries(behaviours)])
  if (isMultiplexed) cases.set('second service', secondService)
  // Our client looks at every seqid itself.
  if (whoCalls === 'peer') cases.set('seqid', () => Promise.resolve())
  return cases
}

type Table = Readonly<Record<string, Readonly<Record<string, unknown>>>>
type Echo = (name: string, value: unknown) => Promise<unknown>

function* echoes(service: typeof Cross | typeof Uuids, table: Table): Generator<[string, Run]> {
  for (const [method, values] of Object.entries(table)) {
    for (const [name, value] of Object.entries(values)) {
      // That one is for a client that knows another version.
      if (method === 'evolve' && name === 'narrow') continue
      yield [
        `${method} ${name}`,
        async (channel) => {
          const client = channel.client<unknown>(service) as Readonly<Record<string, Echo>>
          expect(await client[method]!(name, value), value)
        },
      ]
    }
  }
}

/** As another version of the IDL has it; on the wire it is still called Cross. */
const olderCross: Service<Older> = { ...Older, name: 'Cross' }

const behaviours: Readonly<Record<string, Run>> = {
  ping: async (channel) => expect(await channel.client(Cross).ping(), undefined),
  whoami: async (channel) => expect(await channel.client(Cross).whoami(), 'Cross'),
  many: async (channel) => {
    expect(await channel.client(Cross).many(-5, 7, true, 'many', Color.RED, [7]), { x: -5, y: 7 })
  },
  'fail plain': async (channel) => {
    expect(await failure(channel.client(Cross).fail('plain')), new Plain({ text: 'plain text' }))
  },
  'fail detailed': async (channel) => {
    const wanted = new Detailed({ code: -7, lines: ['a', 'b'], at: { x: 1, y: 2 } })
    expect(await failure(channel.client(Cross).fail('detailed')), wanted)
  },
  'fail none': async (channel) => expect(await channel.client(Cross).fail('none'), 'none'),
  'fail undeclared': async (channel) => {
    const error = await failure(channel.client(Cross).fail('undeclared'))
    expect([error.code, error.executed], ['internal-error', 'once'])
  },
  'unknown method': async (channel) => {
    const error = await failure(channel.client(olderCross).nowhere('x'))
    expect([error.code, error.executed], ['unknown-method', 'never'])
  },
  'evolve narrow': async (channel) => {
    const more = [
      { kind: 'text', value: 'x' },
      { kind: 'numbers', value: [1] },
    ] as const
    const sent = { count: 5, real: 'another type', flag: -1n, more }
    const extra = new Map([['a', [{ value: 1, kids: [], named: new Map() }]]])
    const got = await channel.client(olderCross).evolve('narrow', sent, extra)
    expect(got, { count: 5, real: '', flag: 0n, more: undefined })
  },
  note: async (channel) => {
    const client = channel.client(Cross)
    const name = `ours ${Math.random()}`
    for (let i = 0; i < 3; i++) await client.note(name)
    for (let i = 0; i < 100 && (await client.noted(name)) !== 3; i++) await new Promise((done) => setTimeout(done, 20))
    expect(await client.noted(name), 3)
  },
}

const secondService: Run = async (channel) => expect(await channel.client(Second).whoami(), 'Second')

/** Calls the peer's server on this port. */
export async function* callPeer(combination: string, port: number): AsyncGenerator<Told> {
  const how = parse(combination)
  let channel: Channel | undefined
  for (const [name, run] of casesOf(how, 'ours')) {
    try {
      channel ??= await dial(how, port)
      await run(channel)
      yield { combination, case: name, ok: true }
    } catch (error) {
      yield { combination, case: name, ok: false, detail: textOf(error) }
      // Perhaps the peer is at its end; the next case shall not suffer for that.
      await channel?.close()
      channel = undefined
    }
  }
  await channel?.close()
}

function dial({ codec, transport, isMultiplexed }: Combination, port: number): Promise<Channel> {
  const options = { codec, multiplexed: isMultiplexed, deadlineMs: 20_000 }
  if (transport === 'http') return connect(`http://127.0.0.1:${port}/`, options)
  return connect(`tcp://127.0.0.1:${port}`, { ...options, framing: transport })
}

class Difference extends Error {}

function expect(got: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(got, wanted)) throw new Difference(`got ${show(got)} instead of ${show(wanted)}`)
}

async function failure(call: Promise<unknown>): Promise<OncewireError> {
  const ended = await call.catch((error: unknown) => error)
  if (ended instanceof Error) return ended as OncewireError
  throw new Difference(`got ${show(ended)} instead of an exception`)
}

function textOf(error: unknown): string {
  if (error instanceof Difference) return error.message
  if (error instanceof DeclaredException) return show(error).replace(/\n[^]*/, '')
  if (error instanceof OncewireError) return `${error.code} (executed: ${error.executed}): ${error.message}`
  return String(error)
}
