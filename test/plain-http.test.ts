/**
 * Goal: Thrift over HTTP: one POST a call, and whatever an HTTP server says instead of an answer is told rightly.
 * Method: HTTP servers made by hand, with node:http and on bare sockets.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect, type ConnectOptions, OncewireError } from '../src/index.ts'
import { ByteWriter } from '../src/std/bytes.ts'
import { type Envelope, readMessage, writeMessage } from '../src/wire/envelope.ts'
import type { Codec } from '../src/wire/shape.ts'
import { connected, temporaryFolder } from './support/bank.ts'
import { mustBeBuilt, root } from './support/cli.ts'
import { Echo, echo, eventually, failureOf, resultOf } from './support/echo.ts'
import { runPeer } from './support/peer.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, body: Uint8Array) => void

interface Web {
  readonly url: string
  readonly server: Server
  /** Connections that were ever made. */
  readonly connections: () => number
}

async function runWeb(answer: Answer): Promise<Web> {
  let count = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => answer(request, response, new Uint8Array(Buffer.concat(chunks))))
  })
  server.on('connection', () => count++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/thrift`, server, connections: () => count }
}

/** The number that was sent, in a message that `as` makes wrong. */
function echoed(body: Uint8Array, as: Partial<Envelope> = {}): Uint8Array {
  const { envelope, payload } = readMessage(body)
  const codec = envelope.dialect as Codec
  const out = new ByteWriter()
  const result = resultOf(echo.decodeArguments(payload, codec)[0] as number, codec)
  writeMessage(out, { ...envelope, kind: 'reply', ...as }, result)
  return out.slice()
}
const honest: Answer = (_, response, body) => void response.end(echoed(body))

const clientOf = async (web: { readonly url: string }, options?: ConnectOptions): Promise<Echo> =>
  (await connected(web.url, options)).client(Echo)

test('each call is a POST with its type and its headers, over connections that are kept', async () => {
  const seen: IncomingMessage[] = []
  const web = await runWeb((request, response, body) => {
    seen.push(request)
    honest(request, response, body)
  })
  const client = await clientOf(web, { token: 'secret' })
  for (let n = 0; n < 20; n++) expect(await client.echo(n)).toBe(n)
  expect(await client.echo(20, { headers: { 'x-trace': 'abc' }, deadlineMs: 5000 })).toBe(20)
  const last = seen.at(-1)
  expect(last).toMatchObject({ method: 'POST', url: '/thrift' })
  expect(last?.headers).toMatchObject({
    'content-type': 'application/x-thrift',
    authorization: 'Bearer secret',
    'x-trace': 'abc',
  })
  expect(Number(last?.headers['oncewire-deadline-ms'])).toBeGreaterThan(0)
  // One to see whether anybody listens, and one for all calls.
  expect(web.connections()).toBe(2)
  const json = await clientOf(web, { codec: 'json' })
  expect(await json.echo(5)).toBe(5)
  expect(seen.at(-1)?.headers['content-type']).toBe('application/vnd.apache.thrift.json')
})

describe('what is no answer', () => {
  const statuses: readonly [status: number, code: string, executed: string][] = [
    [301, 'unavailable', 'never'],
    [400, 'malformed', 'never'],
    [401, 'denied', 'never'],
    [403, 'denied', 'never'],
    [404, 'unavailable', 'never'],
    [405, 'unavailable', 'never'],
    [413, 'frame-too-large', 'never'],
    [415, 'unsupported', 'never'],
    [429, 'overloaded', 'never'],
    [204, 'malformed', 'unknown'],
    [408, 'malformed', 'unknown'],
    [500, 'internal-error', 'unknown'],
    [502, 'unavailable', 'unknown'],
    [503, 'unavailable', 'unknown'],
    [504, 'unavailable', 'unknown'],
  ]
  for (const [status, code, executed] of statuses) {
    test(`status ${status}: ${code}, ${executed}`, async () => {
      const web = await runWeb(
        (_, response) => void response.writeHead(status, { location: '/elsewhere' }).end('<p>no'),
      )
      const error = await failureOf((await clientOf(web)).echo(1))
      expect(error).toMatchObject({ code, executed })
      expect(error.message).toContain(`${web.url} answered ${status}`)
    })
  }

  test('a problem of an Oncewire server says itself what it is', async () => {
    const body = JSON.stringify({ title: 'x', status: 503, code: 'ledger-failed', detail: 'the disk is full' })
    const web = await runWeb(
      (_, response) => void response.writeHead(503, { 'oncewire-executed': 'unknown' }).end(body),
    )
    const error = await failureOf((await clientOf(web)).echo(1))
    expect(error).toMatchObject({ code: 'ledger-failed', executed: 'unknown' })
    expect(error.message).toBe('Echo.echo: the disk is full')
  })

  const bodies: Record<string, readonly [body: (sent: Uint8Array) => Uint8Array, says: string]> = {
    nothing: [() => new Uint8Array(0), 'no message in it'],
    'a web page': [() => Buffer.from('<html>welcome</html>'), 'begins with 3c 68 74 6d (the text "<htm")'],
    'half a message': [(sent) => echoed(sent).subarray(0, 10), 'cut off'],
    'the answer to another call': [(sent) => echoed(sent, { seqid: 99 }), 'with seqid 99'],
    'the answer of another method': [(sent) => echoed(sent, { name: 'blob' }), 'named "blob"'],
    'a call': [(sent) => sent, 'a message of kind call'],
  }
  for (const [name, [body, says]] of Object.entries(bodies)) {
    test(`status 200 with ${name}`, async () => {
      const web = await runWeb((_, response, sent) => void response.end(body(sent)))
      const error = await failureOf((await clientOf(web)).echo(1))
      expect(error).toMatchObject({ code: 'malformed', executed: 'unknown' })
      expect(error.message).toContain(says)
    })
  }

  test('more than limits.frameBytesMax', async () => {
    const web = await runWeb((_, response) => {
      response.write(new Uint8Array(1001))
    })
    const error = await failureOf((await clientOf(web, { limits: { frameBytesMax: 1000 } })).echo(1))
    expect(error).toMatchObject({ code: 'frame-too-large', executed: 'unknown' })
    expect(error.message).toContain('1000 bytes')
  })

  test('no HTTP at all', async () => {
    const peer = await runPeer((socket) => void socket.on('data', () => socket.write('\0\0\0\x05hello')))
    const error = await failureOf((await clientOf({ url: peer.url.replace('tcp', 'http') })).echo(1))
    expect(error).toMatchObject({ code: 'unavailable', executed: 'unknown' })
  })

  test('half an answer, and the end', async () => {
    const peer = await runPeer((socket) =>
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf')),
    )
    const error = await failureOf((await clientOf({ url: peer.url.replace('tcp', 'http') })).echo(1))
    expect(error).toMatchObject({ code: 'unavailable', executed: 'unknown', attempts: 1 })
  })
})

test('a request is never sent twice, not even over a kept connection that ends in that moment', async () => {
  let count = 0
  const web = await runWeb((request, response, body) => {
    if (++count === 2) request.socket.destroy()
    else honest(request, response, body)
  })
  const client = await clientOf(web)
  expect(await client.echo(1)).toBe(1)
  expect(await failureOf(client.echo(2))).toMatchObject({ code: 'unavailable', executed: 'unknown' })
  expect(count).toBe(2)
  expect(await client.echo(3)).toBe(3)
})

test('at the deadline a call is unknown, its request is given up, and others go on', async () => {
  const open: IncomingMessage[] = []
  const web = await runWeb((request, response, body) => {
    if (echo.decodeArguments(readMessage(body).payload)[0] === 1) open.push(request)
    else honest(request, response, body)
  })
  const client = await clientOf(web)
  const late = failureOf(client.echo(1, { deadlineMs: 50 }))
  expect(await client.echo(2)).toBe(2)
  expect(await late).toMatchObject({ code: 'deadline', executed: 'unknown' })
  await eventually(() => open[0]?.socket.destroyed === true)
})

test('when nobody listens any more, nothing was sent; of several addresses the next one is tried', async () => {
  const [gone, here] = [await runWeb(honest), await runWeb(honest)]
  const channel = await connect([gone.url, here.url])
  const client = channel.client(Echo)
  expect(await client.echo(1)).toBe(1)
  gone.server.close()
  gone.server.closeAllConnections()
  let ended: unknown
  do ended = await client.echo(2).catch((error: unknown) => error)
  while (ended instanceof OncewireError && ended.executed === 'unknown')
  expect(ended).toMatchObject({ code: 'unavailable', executed: 'never', attempts: 0 })
  expect(await client.echo(3)).toBe(3)
  await channel.close()
  const error = await failureOf(connect(gone.url, { connectMs: 50 }))
  expect(error).toMatchObject({ code: 'unavailable', executed: 'never' })
})

test('a header that HTTP cannot carry is refused before anything is sent', async () => {
  const web = await runWeb(honest)
  const client = await clientOf(web)
  const wrong: Record<string, string>[] = [{ 'a b': 'x' }, { a: 'line\nbreak' }, { a: 5 as unknown as string }]
  for (const headers of wrong) {
    expect(await failureOf(client.echo(1, { headers }))).toMatchObject({ code: 'invalid-argument', executed: 'never' })
  }
})

describe('oneway', () => {
  test('resolves when the request is handed over; the channel waits a moment for what is answered', async () => {
    let answer = (): void => {}
    const web = await runWeb((_, response) => (answer = () => void response.end()))
    const channel = await connect(web.url)
    expect(await channel.client(Echo).forget(1)).toBe(undefined)
    const arrived = answer
    await eventually(() => answer !== arrived)
    const closed = channel.close()
    answer()
    await closed
  })

  test('one that is never answered holds up nobody', async () => {
    let count = 0
    const web = await runWeb(() => count++)
    const channel = await connect(web.url)
    await channel.client(Echo).forget(1)
    await eventually(() => count === 1)
    await channel.close()
  })
})

test('https: the certificate is checked, when connecting and for each call', async () => {
  const folder = await temporaryFolder()
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const wanted = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-subj', '/CN=localhost', '-days', '2']
  const san = 'subjectAltName=DNS:localhost,IP:127.0.0.1'
  const openssl = ['req', '-x509', '-nodes', ...wanted, '-addext', san, '-keyout', key, '-out', cert]
  if (spawnSync('openssl', openssl).error !== undefined) {
    console.warn('openssl is not installed, so https: was not tried: apt-get install openssl')
    return
  }
  const server = createSecureServer({ key: await readFile(key), cert: await readFile(cert) }, (request, response) => {
    request.on('data', (body: Buffer) => void response.end(echoed(new Uint8Array(body))))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `https://localhost:${(server.address() as AddressInfo).port}/`
  const error = await failureOf(connect(url, { connectMs: 50 }))
  expect(error).toMatchObject({ code: 'unavailable', executed: 'never' })
  expect(error.message).toContain('self-signed certificate')
  // Whom it trusts is settled when a process begins.
  mustBeBuilt()
  const script = `
    import { connect } from ${JSON.stringify(join(root, 'dist', 'index.js'))}
    const i32 = { scalar: 'i32' }
    const Echo = { name: 'Echo', methods: { echo: { delivery: 'at-most-once', arguments: { n: [1, i32] }, returns: i32 } } }
    const channel = await connect(${JSON.stringify(url)})
    console.log(await Promise.all([7, 8, 9].map((n) => channel.client(Echo).echo(n))))
    await channel.close()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: cert },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  await once(child, 'close')
  expect(out).toBe('[ 7, 8, 9 ]\n')
})
