/**
 * Goal: `oncewire proxy` is a bad link that users can trust to be bad in the way they asked, and to say so. Method: the
 * built command between real clients and servers of both kinds, ours and HTTP.
 */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { KillBank } from '../src/cli/kill/bank.ts'
import { connect, createServer } from '../src/index.ts'
import { memoryLedger } from '../src/ledger/memory.ts'
import { mustBeBuilt, oncewire, type Ran, type Running, startOncewire } from './support/cli.ts'

beforeAll(mustBeBuilt)

interface Link {
  readonly url: string
  readonly running: Running
  /** Ends it as Ctrl-C does; answers the summary. */
  summary(): Promise<{ readonly ran: Ran; readonly figures: Figures }>
}

interface Figures {
  readonly seed: number
  readonly connections: number
  readonly targetAway: number
  readonly messages: number
  readonly frames: number
  readonly faults: Readonly<Record<string, number>>
}

async function startLink(target: string, ...flags: string[]): Promise<Link> {
  const running = startOncewire(tmpdir(), ['proxy', '0', target, '--json', ...flags])
  onTestFinished(() => void running.child.kill('SIGKILL'))
  const [line] = (await once(running.child.stdout as NodeJS.ReadableStream, 'data')) as [string]
  const { listening } = JSON.parse(line) as { listening: string }
  return {
    url: listening,
    running,
    async summary() {
      running.child.kill('SIGINT')
      const ran = await running.ended
      return { ran, figures: JSON.parse(ran.stdout.trim().split('\n').at(-1) as string) as Figures }
    },
  }
}

test('exactly-once calls over a link that loses, repeats, reorders and cuts: each once, and the summary says what they met', async () => {
  const effects = new Map<string, number>()
  const server = createServer({ ledger: memoryLedger() })
  server.add(KillBank, {
    transfer(_from, _to, cents, tag) {
      effects.set(tag, (effects.get(tag) ?? 0) + 1)
      return cents
    },
  })
  const { url } = await server.listen('tcp://127.0.0.1:0')
  onTestFinished(() => server.close())
  const faults = ['--drop', '2%', '--duplicate', '5%', '--reorder', '0.05', '--late', '2%', '--cut', '0.5%']
  const link = await startLink(url, ...faults, '--late-after', '1..50', '--seed', '11', '--verbose')
  const channel = await connect(link.url, { retransmission: { attemptMs: 50, pingMs: 200 } })
  const bank = channel.client(KillBank)
  const tags = Array.from({ length: 400 }, (_, i) => `transfer ${i}`)
  for (let at = 0; at < tags.length; at += 40)
    await Promise.all(tags.slice(at, at + 40).map((tag) => bank.transfer('a', 'b', 1n, tag)))
  await channel.close()
  expect(effects).toEqual(new Map(tags.map((tag) => [tag, 1])))
  const { ran, figures } = await link.summary()
  expect(ran.code).toBe(0)
  expect(figures).toMatchObject({ seed: 11, targetAway: 0 })
  expect(figures.frames).toBeGreaterThan(800)
  for (const fault of ['dropped', 'duplicated', 'reordered', 'late', 'cut'])
    expect(figures.faults[fault], fault).toBeGreaterThan(0)
  expect(ran.stderr).toMatch(/connection 1 -> dropped: CALL [0-9a-f]{32}:\d+ KillBank\.transfer, attempt 1/)
})

test('HTTP goes through unharmed, however bad the link is for frames; a throttle takes its time', async () => {
  const body = 'x'.repeat(30_000)
  const http = createHttpServer((_, answer) => answer.end(body)).listen(0, '127.0.0.1')
  await once(http, 'listening')
  onTestFinished(() => void http.close())
  const { port } = http.address() as AddressInfo
  const link = await startLink(`http://127.0.0.1:${port}/`, '--drop', '1', '--duplicate', '1', '--bandwidth', '100k')
  const began = performance.now()
  const answer = await fetch(link.url.replace('tcp:', 'http:'))
  expect(await answer.text()).toBe(body)
  // At least what the throttle asks for; how much longer is the machine's business.
  expect(performance.now() - began).toBeGreaterThan(250)
  const { figures } = await link.summary()
  expect(figures).toMatchObject({ frames: 0, faults: { dropped: 0, duplicated: 0 } })
})

test('framed Thrift is seen frame by frame: a call that comes twice runs twice, for who has no session', async () => {
  const ran: string[] = []
  const server = createServer({ ledger: memoryLedger() })
  server.add(KillBank, {
    transfer(_from, _to, cents, tag) {
      ran.push(tag)
      return cents
    },
  })
  const { url } = await server.listen('tcp://127.0.0.1:0')
  onTestFinished(() => server.close())
  const link = await startLink(url, '--duplicate', '1', '--direction', 'to-server')
  for (const [tag, idempotencyKey] of [
    ['twice', undefined],
    ['once', 'k'],
  ] as const) {
    // A second reply ends a connection: one for each call.
    const channel = await connect(link.url, { framing: 'framed', codec: 'compact' })
    expect(await channel.client(KillBank).transfer('a', 'b', 1n, tag, { idempotencyKey })).toBe(1n)
    while (tag === 'twice' && ran.length < 2) await new Promise((resolve) => setImmediate(resolve))
    await channel.close()
  }
  expect(ran).toEqual(['twice', 'twice', 'once'])
  const { figures } = await link.summary()
  expect(figures.faults).toMatchObject({ duplicated: 2 })
})

test('a target that is away is said once, and is no end; an address in use is', async () => {
  const target = createTcpServer((socket) => socket.end('here')).listen(0, '127.0.0.1')
  await once(target, 'listening')
  const { port } = target.address() as AddressInfo
  target.close()
  await once(target, 'close')
  const link = await startLink(`127.0.0.1:${port}`)
  for (let i = 0; i < 3; i++) await expect(fetch(link.url.replace('tcp:', 'http:'))).rejects.toThrow()
  const taken = oncewire(tmpdir(), 'proxy', new URL(link.url).port, String(port))
  expect(taken).toMatchObject({ code: 5, stdout: '' })
  expect(taken.stderr).toContain('another process has it: choose another, or 0 for any that is free')
  const { ran, figures } = await link.summary()
  expect(figures.targetAway).toBe(3)
  expect(ran.stderr.split('\n').filter((line) => line.includes('cannot be reached'))).toHaveLength(1)
})

test.each([
  [['0', '9090', '--drop', '1.5'], '--drop is a chance from 0 to 1, such as 0.01 or 1%, not 1.5'],
  [['0', '9090', '--delay', 'soon'], '--delay is a time or a span, such as 20, 5..50 or 1s..2s'],
  [['0', '9090', '--delay', '50..5'], '--delay is a time or a span'],
  [['0', '9090', '--partition', '30s'], '--partition is how often and for how long, such as 30s,5s, not 30s'],
  [['0', '9090', '--bandwidth', 'fast'], '--bandwidth is bytes a second, such as 64k or 2m, not fast'],
  [['0', '9090', '--direction', 'up'], '--direction is to-server, to-client or both, not up'],
  [['0', '9090', '--seed', 'x'], '--seed is a whole number, not x'],
  [['0', 'bank'], 'TARGET is a port, host:port or a URL with a port, such as tcp://127.0.0.1:9090, not bank'],
  [['99999', '9090'], 'LISTEN is a port, host:port or a URL with a port'],
])('used wrongly: proxy %s', (args, message) => {
  const { code, stderr } = oncewire(tmpdir(), 'proxy', ...args)
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) as string })
})
