/**
 * Goal: whatever a server that is not ours does, every call of our client settles, says whether it ran, and harms no other.
 * Method: servers made by hand that answer late, twice, in another order, wrongly, too much, or not at all.
 */
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { connect, OncewireError } from '../src/index.ts'
import { ApplicationException } from '../src/wire/envelope.ts'
import type { Codec } from '../src/wire/shape.ts'
import { connected } from './support/bank.ts'
import { Echo, echo, eventually, failureOf, resultOf } from './support/echo.ts'
import { answerTo, eachCall, type Peer, runPeer, type Seen } from './support/peer.ts'

/** What an honest server answers: the number that it was sent. */
const honest = (call: Seen, as?: Parameters<typeof answerTo>[2]): Uint8Array => {
  const codec = call.envelope.dialect as Codec
  return answerTo(call, resultOf(echo.decodeArguments(call.payload, codec)[0] as number, codec), as)
}
const honestPeer = (): Promise<Peer> =>
  runPeer((socket) => eachCall(socket, false, (call) => void socket.write(honest(call))))

/** Calls until the client has heard that its connection has ended: what it sent in the meantime is unknown. */
async function heardOf(call: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    const ended = await call()
    if (!(ended instanceof OncewireError && ended.executed === 'unknown')) return ended
    expect(ended.code).toBe('unavailable')
  }
}

const framed = { framing: 'framed' } as const
const clientOf = async (peer: Peer, options: Parameters<typeof connected>[1] = framed): Promise<Echo> =>
  (await connected(peer.url, options)).client(Echo)

/** Answers the first call as `first` says, and all on later connections honestly. */
const peerThatFirst = (first: (socket: Socket, call: Seen) => void): Promise<Peer> =>
  runPeer((socket, nth) =>
    eachCall(socket, false, (call) => (nth === 1 ? first(socket, call) : void socket.write(honest(call)))),
  )

describe('replies that cannot be paired end the connection, and the next call makes another', () => {
  const wrong: Record<string, readonly [answer: (call: Seen) => Uint8Array, says: string]> = {
    'a seqid that no call has': [(call) => honest(call, { seqid: 77 }), 'with seqid 77, which no call has'],
    'a negative seqid': [(call) => honest(call, { seqid: -5 }), 'with seqid -5, which no call has'],
    'seqid 0': [(call) => honest(call, { seqid: 0 }), 'with seqid 0, which no call has'],
    'the name of another method': [
      (call) => honest(call, { name: 'blob' }),
      'named "blob", with seqid 1, where a reply to Echo.echo with seqid 1 was due',
    ],
    'a call': [(call) => honest(call, { kind: 'call' }), 'a message of kind call, named "echo"'],
    'a oneway call': [(call) => honest(call, { kind: 'oneway', seqid: 9 }), 'a message of kind oneway'],
    'an empty frame': [() => Uint8Array.of(0, 0, 0, 0), 'an empty frame'],
    'a frame of nonsense': [() => Uint8Array.of(0, 0, 0, 4, 0xff, 1, 2, 3), 'begins with ff 01 02 03'],
  }
  for (const [name, [answer, says]] of Object.entries(wrong)) {
    test(name, async () => {
      const peer = await peerThatFirst((socket, call) => void socket.write(answer(call)))
      const client = await clientOf(peer)
      const error = await failureOf(client.echo(1))
      expect(error.executed).toBe('unknown')
      expect(['malformed', 'frame-too-large']).toContain(error.code)
      expect(error.message).toContain(says)
      expect(error.message).toContain('it may have run')
      expect(await error.resolved).toBe('unknown')
      expect(await client.echo(2)).toBe(2)
      expect(peer.sockets.length).toBe(2)
    })
  }

  for (const framing of ['framed', 'unframed', 'header'] as const) {
    test(`an HTTP server that is asked without HTTP, ${framing}, is recognised`, async () => {
      const peer = await runPeer((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
      const error = await failureOf((await clientOf(peer, { framing })).echo(1))
      expect(error).toMatchObject({ code: 'malformed', executed: 'unknown' })
      expect(error.message).toContain('(the text "HTTP")')
    })
  }

  test('the same reply twice', async () => {
    const peer = await peerThatFirst((socket, call) => {
      if (call.envelope.seqid === 1) socket.write(Buffer.concat([honest(call), honest(call)]))
    })
    const client = await clientOf(peer)
    const [first, second] = [client.echo(1), failureOf(client.echo(2))]
    expect(await first).toBe(1)
    expect(await second).toMatchObject({ code: 'malformed', executed: 'unknown' })
    expect((await second).message).toContain('with seqid 1, which was answered before')
    expect(await client.echo(3)).toBe(3)
  })

  test('a reply over the limit', async () => {
    const peer = await peerThatFirst((socket) => void socket.write(Uint8Array.of(0, 1, 0, 0)))
    const client = await clientOf(peer, { ...framed, limits: { frameBytesMax: 65_535 } })
    const error = await failureOf(client.echo(1))
    expect(error).toMatchObject({ code: 'frame-too-large', executed: 'unknown' })
    expect(error.message).toContain('a frame of 65536 bytes, and limits.frameBytesMax is 65535')
    expect(await client.echo(2)).toBe(2)
  })

  test('half a reply and silence', async () => {
    const peer = await peerThatFirst((socket, call) => void socket.write(honest(call).subarray(0, 9)))
    const client = await clientOf(peer, { ...framed, limits: { frameMs: 100 } })
    const error = await failureOf(client.echo(1))
    expect(error).toMatchObject({ code: 'malformed', executed: 'unknown' })
    expect(error.message).toContain('limits.frameMs of 100 ms')
    expect(await client.echo(2)).toBe(2)
  })
})

describe('replies that belong to one call concern no other', () => {
  test('a result that is none: the handler ran', async () => {
    const peer = await runPeer((socket) =>
      eachCall(socket, false, (call) => {
        const isFirst = call.envelope.seqid === 1
        socket.write(isFirst ? answerTo(call, Uint8Array.of(8, 0, 0, 1)) : honest(call))
      }),
    )
    const client = await clientOf(peer)
    expect(await failureOf(client.echo(1))).toMatchObject({ code: 'malformed', executed: 'once', attempts: 1 })
    expect(await client.echo(2)).toBe(2)
    expect(peer.sockets.length).toBe(1)
  })

  test('an empty result of a method that has one', async () => {
    const peer = await runPeer((socket) =>
      eachCall(socket, false, (call) => void socket.write(answerTo(call, Uint8Array.of(0)))),
    )
    const error = await failureOf((await clientOf(peer)).echo(1))
    expect(error).toMatchObject({ code: 'malformed', executed: 'once' })
    expect(error.message).toContain('neither a result nor an exception')
  })

  const told: readonly [type: number | undefined, text: string | undefined, code: string, executed: string][] = [
    [undefined, 'boom', 'internal-error', 'once'],
    [undefined, undefined, 'internal-error', 'once'],
    [undefined, 'Unknown function echo', 'unknown-method', 'never'],
    [undefined, 'Unknown function other', 'internal-error', 'once'],
    [0, 'boom', 'internal-error', 'once'],
    [1, "Invalid method name: 'echo'", 'unknown-method', 'never'],
    [2, '', 'malformed', 'never'],
    [3, '', 'unknown-method', 'never'],
    [4, '', 'malformed', 'never'],
    [5, 'echo failed', 'internal-error', 'once'],
    [6, 'Internal error', 'internal-error', 'once'],
    [6, 'Service name not found: Echo. Did you forget to call RegisterProcessor()?', 'unknown-service', 'never'],
    [7, 'Required field missing', 'malformed', 'never'],
    [8, '', 'malformed', 'never'],
    [9, '', 'malformed', 'never'],
    [10, '', 'unsupported', 'never'],
    [11, 'shed', 'internal-error', 'unknown'],
    [-1, '', 'internal-error', 'unknown'],
    [6, 'key-reused: other arguments (executed: never)', 'key-reused', 'never'],
    [1, 'no-such-code: x (executed: once)', 'unknown-method', 'never'],
    [6, 'closed: going down (executed: unknown)', 'closed', 'unknown'],
  ]
  for (const [type, text, code, executed] of told) {
    test(`a TApplicationException of type ${type}, "${text}": ${code}, ${executed}`, async () => {
      const peer = await runPeer((socket) =>
        eachCall(socket, false, (call) => {
          const payload = ApplicationException.encode({ message: text, type })
          // Of an exception the name is not looked at: servers write what they like.
          socket.write(answerTo(call, payload, { kind: 'exception', name: '' }))
        }),
      )
      const error = await failureOf((await clientOf(peer)).echo(1))
      expect(error).toMatchObject({ code, executed })
      expect(error.message).toMatch(/^Echo\.echo: /)
      // What a server of ours adds to its text stands in code and executed.
      const said = new RegExp(`^${code}: (.*) \\(executed: ${executed}\\)$`).exec(text ?? '')?.[1]
      expect(error.message).toContain(said ?? text ?? '(no text)')
    })
  }

  test('an exception that cannot be read', async () => {
    const peer = await runPeer((socket) =>
      eachCall(socket, false, (call) => void socket.write(answerTo(call, Uint8Array.of(11, 0), { kind: 'exception' }))),
    )
    expect(await failureOf((await clientOf(peer)).echo(1))).toMatchObject({ code: 'malformed', executed: 'unknown' })
  })
})

describe('late, and not at all', () => {
  test('at the deadline a call is unknown at once; its late reply is dropped, and the connection goes on', async () => {
    let late: (() => void) | undefined
    const peer = await runPeer((socket) =>
      eachCall(socket, false, (call) => {
        if (call.envelope.seqid === 1) late = () => void socket.write(honest(call))
        else socket.write(honest(call))
      }),
    )
    const client = await clientOf(peer)
    const error = await failureOf(client.echo(1, { deadlineMs: 50 }))
    expect(error).toMatchObject({ code: 'deadline', executed: 'unknown', attempts: 1, xid: undefined })
    expect(await error.resolved).toBe('unknown')
    late?.()
    expect(await client.echo(2)).toBe(2)
    expect(peer.sockets.length).toBe(1)
  })

  test('a cancelled call is unknown at once', async () => {
    const seen: Seen[] = []
    const peer = await runPeer((socket) => eachCall(socket, false, (call) => void seen.push(call)))
    const client = await clientOf(peer)
    const abort = new AbortController()
    const call = failureOf(client.echo(1, { signal: abort.signal }))
    await eventually(() => seen.length === 1)
    abort.abort(new Error('no longer wanted'))
    const error = await call
    expect(error).toMatchObject({ code: 'cancelled', executed: 'unknown' })
    expect(error.cause).toMatchObject({ message: 'no longer wanted' })
  })

  test('when the connection breaks, what was handed to it is unknown; the next call makes another', async () => {
    const peer = await peerThatFirst((socket) => void socket.destroy())
    const client = await clientOf(peer)
    const calls = [1, 2, 3].map((n) => failureOf(client.echo(n)))
    for (const error of await Promise.all(calls)) {
      expect(error).toMatchObject({ code: 'unavailable', executed: 'unknown', attempts: 1 })
      expect(error.message).toContain('ended; it may have run')
    }
    expect(await client.echo(4)).toBe(4)
  })

  test('what the connection had no room for is never, and all of that comes after what was handed over', async () => {
    const peer = await runPeer((socket) => void socket.pause())
    const client = await clientOf(peer)
    const blob = new Uint8Array(1 << 20)
    const calls = Array.from({ length: 30 }, () => failureOf(client.blob(blob)))
    await eventually(() => peer.sockets.length === 1)
    peer.close()
    const told = (await Promise.all(calls)).map(({ code, executed, attempts }) => `${code} ${executed} ${attempts}`)
    expect(new Set(told)).toEqual(new Set(['unavailable unknown 1', 'unavailable never 0']))
    expect(told).toEqual(told.toSorted().toReversed())
  })

  test('a server that has gone is told as such, and nothing was sent', async () => {
    const peer = await honestPeer()
    const client = await clientOf(peer)
    expect(await client.echo(1)).toBe(1)
    peer.close()
    await eventually(() => peer.sockets.every((socket) => socket.closed))
    expect(await heardOf(() => failureOf(client.echo(2)))).toMatchObject({ executed: 'never', attempts: 0 })
  })

  test('of several addresses those that answer are used', async () => {
    const [gone, here] = [await honestPeer(), await honestPeer()]
    gone.close()
    const channel = await connect([gone.url, here.url], framed)
    const client = channel.client(Echo)
    for (let n = 0; n < 3; n++) expect(await client.echo(n)).toBe(n)
    // A call that nobody took goes to the next address.
    here.sockets[0]?.destroy()
    await eventually(() => here.sockets[0]?.closed === true)
    expect(await heardOf(() => client.echo(4).catch((error: unknown) => error))).toBe(4)
    await channel.close()
  })

  test('connect says after its time that nobody listens', async () => {
    const peer = await honestPeer()
    peer.close()
    const error = await failureOf(connect(peer.url, { ...framed, connectMs: 100 }))
    expect(error).toMatchObject({ code: 'unavailable', executed: 'never' })
    expect(error.message).toContain('nobody listens there')
  })

  test('closing settles what is open; with drainMs it may end before', async () => {
    const peer = await runPeer((socket) =>
      eachCall(socket, false, (call) => {
        if (call.envelope.name === 'echo') setTimeout(() => socket.write(honest(call)), 50)
      }),
    )
    const draining = await connect(peer.url, framed)
    const [kept, lost] = [draining.client(Echo).echo(1), failureOf(draining.client(Echo).blob(new Uint8Array(1)))]
    await draining.close({ drainMs: 200 })
    expect(await kept).toBe(1)
    expect(await lost).toMatchObject({ code: 'closed', executed: 'unknown' })
    expect(await failureOf(draining.client(Echo).echo(2))).toMatchObject({ code: 'closed', executed: 'never' })
    const hasty = await connect(peer.url, framed)
    const open = failureOf(hasty.client(Echo).echo(1))
    await hasty.close()
    expect(await open).toMatchObject({ code: 'closed', executed: 'unknown' })
  })
})

describe('how much may be open', () => {
  test('more calls than queuedMax without an answer are refused, and none of those was sent', async () => {
    const seen: Seen[] = []
    const peer = await runPeer((socket) => eachCall(socket, false, (call) => void seen.push(call)))
    const client = await clientOf(peer, { ...framed, limits: { queuedMax: 3 } })
    const open = [1, 2, 3].map((n) => failureOf(client.echo(n, { deadlineMs: 100 })))
    const error = await failureOf(client.echo(4))
    expect(error).toMatchObject({ code: 'overloaded', executed: 'never' })
    expect(error.message).toContain('limits.queuedMax is 3')
    for (const call of open) expect(await call).toMatchObject({ code: 'deadline', executed: 'unknown' })
    expect(seen.length).toBe(3)
  })

  test('a server that owes as many answers, all of them given up, is connected to anew', async () => {
    const peer = await peerThatFirst(() => {})
    const client = await clientOf(peer, { ...framed, limits: { queuedMax: 2 } })
    for (const n of [1, 2])
      expect(await failureOf(client.echo(n, { deadlineMs: 20 }))).toMatchObject({ code: 'deadline' })
    expect(await client.echo(3)).toBe(3)
    expect(peer.sockets.length).toBe(2)
  })

  test('a message that fits exactly is sent, one byte more is not', async () => {
    const peer = await runPeer((socket) =>
      eachCall(socket, false, (call) => void socket.write(answerTo(call, Uint8Array.of(0)))),
    )
    const client = await clientOf(peer, { ...framed, limits: { frameBytesMax: 1000 } })
    // Version and kind, length and name, seqid; field header, length; stop.
    const fits = 1000 - (4 + 4 + 4 + 4) - (3 + 4) - 1
    await client.blob(new Uint8Array(fits))
    const error = await failureOf(client.blob(new Uint8Array(fits + 1)))
    expect(error).toMatchObject({ code: 'frame-too-large', executed: 'never', attempts: 0 })
    expect(await failureOf(client.blob(new Uint8Array(2000)))).toMatchObject({ code: 'frame-too-large' })
    await client.blob(new Uint8Array(fits))
  })
})

describe('oneway', () => {
  test('resolves when handed over, arrives although the channel is closed at once, and what is answered is for nobody', async () => {
    const seen: Seen[] = []
    const peer = await runPeer((socket) =>
      eachCall(socket, false, (call) => {
        seen.push(call)
        // As servers do that do not have the method.
        const unknown = ApplicationException.encode({ message: 'Unknown function forget', type: 1 })
        if (call.envelope.kind === 'oneway') socket.write(answerTo(call, unknown, { kind: 'exception' }))
        else socket.write(honest(call))
      }),
    )
    const channel = await connect(peer.url, framed)
    const client = channel.client(Echo)
    expect(await client.forget(1)).toBe(undefined)
    expect(await client.echo(2)).toBe(2)
    await client.forget(3)
    await channel.close()
    await eventually(() => seen.length === 3)
    expect(seen.map(({ envelope }) => envelope.kind)).toEqual(['oneway', 'call', 'oneway'])
    expect(peer.sockets.length).toBe(1)
  })
})

describe('any order, any cut', () => {
  const ways = [
    { framing: 'framed', codec: 'binary' },
    { framing: 'framed', codec: 'json' },
    { framing: 'unframed', codec: 'compact' },
    { framing: 'unframed', codec: 'json' },
    { framing: 'header', codec: 'compact' },
  ] as const
  for (const { framing, codec } of ways) {
    test(`${framing}, ${codec}: each call gets its own answer`, async () => {
      const isUnframed = framing === 'unframed'
      let calls: Seen[] = []
      const peer = await runPeer((socket) => eachCall(socket, isUnframed, (call) => void calls.push(call)))
      const client = await clientOf(peer, { framing, codec })
      const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 })
      const cuts = fc.array(fc.nat(400), { maxLength: 5 })
      await fc.assert(
        fc.asyncProperty(
          order,
          cuts,
          fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 6, maxLength: 6 }),
          async (order, cuts, numbers) => {
            calls = []
            const answered = numbers.map((n) => client.echo(n))
            await eventually(() => calls.length === 6)
            const bytes = Buffer.concat(order.map((at) => honest(calls[at] as Seen, { isUnframed })))
            let begin = 0
            for (const end of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
              if (end <= begin) continue
              peer.sockets.at(-1)?.write(bytes.subarray(begin, end))
              begin = end
              await new Promise((resolve) => setImmediate(resolve))
            }
            expect(await Promise.all(answered)).toEqual(numbers)
          },
        ),
        { numRuns: 30 },
      )
      expect(peer.sockets.length).toBe(1)
    })
  }

  for (const framing of ['framed', 'unframed', 'header'] as const) {
    test(`${framing}: whatever bytes come, every call settles, and the next one is answered`, async () => {
      const isUnframed = framing === 'unframed'
      let spoil: ((honest: Uint8Array) => Uint8Array) | undefined
      const peer = await runPeer((socket) =>
        eachCall(socket, isUnframed, (call) => {
          const answer = honest(call, { isUnframed })
          socket.write(spoil === undefined ? answer : spoil(answer))
          if (spoil !== undefined) socket.end()
        }),
      )
      const client = await clientOf(peer, { framing })
      const spoils = fc.oneof(
        fc.uint8Array({ maxLength: 60 }).map((bytes) => () => bytes),
        fc.nat(60).map((length) => (honest: Uint8Array) => honest.subarray(0, length)),
        fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 255 })).map(([at, by]) => (honest: Uint8Array) => {
          const bytes = honest.slice()
          bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ by
          return bytes
        }),
      )
      await fc.assert(
        fc.asyncProperty(spoils, async (spoiled) => {
          spoil = spoiled
          const ended = await client.echo(5, { deadlineMs: 5000 }).catch((error: unknown) => error)
          // A value that was changed on the way is still a number.
          if (typeof ended !== 'number') {
            expect(ended).toBeInstanceOf(OncewireError)
            expect(ended).not.toMatchObject({ code: 'deadline' })
            expect(ended).not.toMatchObject({ executed: 'never' })
          }
          spoil = undefined
          expect(await heardOf(() => client.echo(6).catch((error: unknown) => error))).toBe(6)
        }),
        { numRuns: 150 },
      )
    })
  }
})
