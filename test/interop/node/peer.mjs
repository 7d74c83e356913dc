/**
 * npm's thrift, as a client of our server and as a server for our client.
 *
 *     peer.mjs client PORT COMBINATION...   makes every call of the table, prints a line of JSON for each
 *     peer.mjs server COMBINATION...        serves each combination on a port of its own, until stdin ends
 *
 * A combination is codec/transport, such as compact/header, json/framed/multiplexed or binary/framed/uuid.
 */
import http from 'node:http'
import thrift from 'thrift'
import Cross from './Cross.js'
import types from './cross_types.js'
import Older from './Older.js'
import parts from './parts_types.js'
import Second from './Second.js'
import Uuids from './Uuids.js'
import { WrongUuid } from './uuids_types.js'
import { cross, Impossible, show, uuids } from './cases.mjs'

const { TApplicationException, TApplicationExceptionType } = thrift.Thrift
const { Color, Detailed, Mismatch, Plain, Point } = parts

class OldBinary extends thrift.TBinaryProtocol {
  constructor(transport) {
    super(transport, false, false)
  }
}
const protocols = {
  binary: thrift.TBinaryProtocol,
  'old-binary': OldBinary,
  compact: thrift.TCompactProtocol,
  json: thrift.TJSONProtocol,
}
const compactId = 2

function optionsOf(codec, transport) {
  return {
    transport: transport === 'framed' ? thrift.TFramedTransport : thrift.TBufferedTransport,
    protocol: transport === 'header' ? thrift.THeaderProtocol : protocols[codec],
  }
}

/** Generated clients flush the transport and not the protocol, so that THeader would never be written. */
function withHeaders(output, isCompact) {
  const { flush } = output
  if (isCompact) output.setProtocolId(compactId)
  output.flush = () => {
    output.writeHeaders()
    flush.call(output)
  }
}

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const brief = (text) => (text.length > 300 ? `${text.slice(0, 300)}...` : text)

// --- as a client

class Connection {
  constructor(port, combination) {
    const [codec, transport, more] = combination.split('/')
    const options = optionsOf(codec, transport)
    this.isHeader = transport === 'header'
    this.isCompact = codec === 'compact'
    this.multiplexer = more === 'multiplexed' ? new thrift.Multiplexer() : undefined
    this.agent = new http.Agent({ keepAlive: true })
    this.inner =
      transport === 'http'
        ? thrift.createHttpConnection('127.0.0.1', port, { ...options, path: '/', nodeOptions: { agent: this.agent } })
        : thrift.createConnection('127.0.0.1', port, options)
    // What nobody listens to ends the process.
    this.failed = new Promise((_, reject) => this.inner.on('error', reject))
    this.failed.catch(() => {})
  }

  client(service, name = 'Cross') {
    const client =
      this.multiplexer === undefined
        ? thrift.createClient(service, this.inner)
        : this.multiplexer.createClient(name, service, this.inner)
    if (this.isHeader) withHeaders(client.output, this.isCompact)
    return client
  }

  close() {
    this.agent.destroy()
    this.inner.end?.()
  }
}

function expect(got, wanted) {
  if (show(got) !== show(wanted)) throw new Error(`got ${brief(show(got))} instead of ${brief(show(wanted))}`)
}

async function failure(call) {
  const ended = await call.then(
    (value) => new Error(`no exception but ${show(value)}`),
    (error) => error,
  )
  return ended
}

const behaviours = {
  ping: async (c) => expect(await c.client(Cross).ping(), undefined),
  whoami: async (c) => expect(await c.client(Cross).whoami(), 'Cross'),
  many: async (c) =>
    expect(await c.client(Cross).many(-5, 7, true, 'many', Color.RED, [7]), new Point({ x: -5, y: 7 })),
  'fail plain': async (c) => {
    const error = await failure(c.client(Cross).fail('plain'))
    expect([error instanceof Plain, error.text], [true, 'plain text'])
  },
  'fail detailed': async (c) => {
    const error = await failure(c.client(Cross).fail('detailed'))
    const wanted = [true, -7, ['a', 'b'], new Point({ x: 1, y: 2 })]
    expect([error instanceof Detailed, error.code, error.lines, error.at], wanted)
  },
  'fail none': async (c) => expect(await c.client(Cross).fail('none'), 'none'),
  'fail undeclared': async (c) => {
    const error = await failure(c.client(Cross).fail('undeclared'))
    expect([error instanceof TApplicationException, error.type], [true, TApplicationExceptionType.INTERNAL_ERROR])
  },
  'unknown method': async (c) => {
    const error = await failure(c.client(Older).nowhere('x'))
    expect([error instanceof TApplicationException, error.type], [true, TApplicationExceptionType.UNKNOWN_METHOD])
  },
  'evolve narrow': async (c) => {
    const more = [new types.Either({ text: 'x' }), new types.Either({ numbers: [1] })]
    const sent = new types.Narrow({ count: 5, real: 'another type', flag: -1, more })
    const extra = { a: [new types.Tree({ value: 1, kids: [], named: {} })] }
    expect(await c.client(Older).evolve('narrow', sent, extra), new types.Narrow({ count: 5 }))
  },
  note: async (c) => {
    const client = c.client(Cross)
    const name = `node ${Math.random()}`
    // It is oneway: its promise never settles.
    for (let i = 0; i < 3; i++) void client.note(name)
    for (let i = 0; i < 100 && (await client.noted(name)) !== 3; i++) await new Promise((done) => setTimeout(done, 20))
    expect(await client.noted(name), 3)
  },
  // The library finds the callback by it, negates it on the way, and cannot have a negative one.
  seqid: async (c) => {
    const client = c.client(Cross)
    client.new_seqid = () => 0x7ffffff0
    expect(await client.whoami(), 'Cross')
  },
}

async function secondService(c) {
  expect(await c.client(Second, 'Second').whoami(), 'Second')
}

function* echoesOf(service, table) {
  for (const [method, values] of Object.entries(table)) {
    for (const [name, value] of Object.entries(values)) {
      // That one is for a client that knows another version.
      if (method === 'evolve' && name === 'narrow') continue
      yield [
        `${method} ${name}`,
        async (c) => {
          if (value instanceof Impossible) throw value
          expect(await c.client(service)[method](name, value), value)
        },
      ]
    }
  }
}

function* casesOf(combination) {
  if (combination.endsWith('uuid')) return yield* echoesOf(Uuids, uuids)
  yield* echoesOf(Cross, cross)
  yield* Object.entries(behaviours)
  if (combination.endsWith('multiplexed')) yield ['second service', secondService]
}

async function beClient(port, combinations) {
  for (const combination of combinations) {
    let connection = new Connection(port, combination)
    for (const [name, run] of casesOf(combination)) {
      let waiting
      const late = new Promise((_, reject) => (waiting = setTimeout(() => reject(new Error('no answer came')), 20_000)))
      try {
        await Promise.race([run(connection), connection.failed, late])
        tell({ combination, case: name, ok: true })
      } catch (error) {
        const detail = error instanceof Mismatch ? `Mismatch ${error.got}` : String(error?.message || error)
        tell({ combination, case: name, ok: false, detail: brief(detail) })
        connection.close()
        connection = new Connection(port, combination)
      }
      clearTimeout(waiting)
    }
    connection.close()
  }
}

// --- as a server

/**
 * Handlers answer through a callback before they return. One that throws closes the connection; the answer of one that
 * returns a promise goes out without THeader, which the library turns off as soon as it has looked for the next message.
 */
const notes = new Map()
const handler = {
  ping: (done) => done(null),
  whoami: (done) => done(null, 'Cross'),
  fail(how, done) {
    if (how === 'plain') done(new Plain({ text: 'plain text' }))
    else if (how === 'detailed') done(new Detailed({ code: -7, lines: ['a', 'b'], at: new Point({ x: 1, y: 2 }) }))
    else if (how === 'undeclared') done(new RangeError('nobody declared this'))
    else done(null, how)
  },
  many(x, y, yes, text, color, bytes, done) {
    const got = show([yes, text, color, bytes])
    if (got === show([true, 'many', Color.RED, [7]])) done(null, new Point({ x, y }))
    else done(new Mismatch({ about: 'many', got }))
  },
  note: (name) => void notes.set(name, (notes.get(name) ?? 0) + 1),
  noted: (name, done) => done(null, notes.get(name) ?? 0),
}
const echoHandlers = (table, Wrong) =>
  Object.entries(table).map(([method, values]) => [
    method,
    (name, value, done) => {
      const wanted = values[name]
      if (wanted instanceof Impossible || show(value) !== show(wanted))
        done(new Wrong({ about: `${method} ${name}`, got: brief(show(value)) }))
      else done(null, method === 'evolve' ? values.wide : wanted)
    },
  ])
Object.assign(handler, Object.fromEntries(echoHandlers(cross, Mismatch)))
const uuidHandler = Object.fromEntries(echoHandlers(uuids, WrongUuid))

function makeServer(combination) {
  const [codec, transport, more] = combination.split('/')
  const options = optionsOf(codec, transport)
  let processor = new Cross.Processor(handler)
  if (more === 'uuid') processor = new Uuids.Processor(uuidHandler)
  if (more === 'multiplexed') {
    processor = new thrift.MultiplexedProcessor()
    processor.registerProcessor('Cross', new Cross.Processor(handler))
    processor.registerProcessor('Second', new Second.Processor({ whoami: (done) => done(null, 'Second') }))
  }
  if (transport === 'http') return thrift.createWebServer({ services: { '/': { ...options, processor } } })
  return thrift.createMultiplexServer(processor, options)
}

async function beServer(combinations) {
  for (const combination of combinations) {
    const server = makeServer(combination)
    server.on('error', () => {})
    await new Promise((done) => server.listen(0, '127.0.0.1', done))
    tell({ combination, port: server.address().port })
  }
  process.stdin.on('end', () => process.exit()).resume()
}

const [role, ...rest] = process.argv.slice(2)
if (role === 'client') await beClient(Number(rest[0]), rest.slice(1))
else await beServer(rest)
