/**
 * Goal: any method can be called with HTTP and nothing else, and whoever calls is told whether the call ran.
 * Method: a real bank and a probe on one port, and sockets that send exactly what the test says; curl where it is installed.
 */
import { exec, execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Bank } from '../examples/bank/gen/bank.ts'
import { createServer } from '../src/index.ts'
import { memoryLedger } from '../src/ledger/memory.ts'
import { runBank, runMemoryBank } from './support/bank.ts'
import { called, post, problem, RawClient } from './support/http.ts'
import { eventually, runSlow, Slow } from './support/slow.ts'

describe('a call', () => {
  test('is a POST of its arguments, and its result is JSON', async () => {
    const { url } = await runBank()
    const deposited = await called(url, '/Bank/deposit', { account: 'alice', cents: 5000 })
    expect(deposited).toMatchObject({ status: 200, body: '5000', headers: { 'content-type': 'application/json' } })
    expect((await called(url, '/Bank/balance?why=not', { account: 'alice' })).body).toBe('5000')
    expect(await called(url, '/Bank/note', { line: 'x' })).toMatchObject({ status: 204, body: '' })
    expect((await called(url, 'http://proxy.example/Bank/balance', { account: 'alice' })).body).toBe('5000')
    expect((await called(url, '/B%61nk/balance', { account: 'alice' })).body).toBe('5000')
  })

  test('keeps every digit of an i64, both ways, as a number or in quotes', async () => {
    const { url } = await runBank()
    const most = 2n ** 63n - 1n
    const half = (most / 2n).toString()
    await called(url, '/Bank/deposit', `{"account":"a","cents":${half}}`)
    expect((await called(url, '/Bank/deposit', `{"account":"a","cents":"${half}"}`)).body).toBe(`"${most - 1n}"`)
    expect((await called(url, '/Bank/deposit', `{"account":"b","cents":${2 ** 53 - 1}}`)).body).toBe('9007199254740991')
    expect((await called(url, '/Bank/deposit', `{"account":"c","cents":9007199254740993}`)).body).toBe(
      '"9007199254740993"',
    )
    expect(await called(url, '/Bank/deposit', '{"account":"d","cents":9223372036854775808}')).toMatchObject({
      status: 400,
    })
  })

  test('answers a declared exception with its fields', async () => {
    const { url } = await runBank()
    const reply = await called(url, '/Bank/debit', { account: 'alice', cents: 1 })
    expect(reply).toMatchObject({ status: 400, headers: { 'content-type': 'application/problem+json' } })
    expect(problem(reply)).toEqual({
      type: 'urn:oncewire:exception:InsufficientFunds',
      title: 'InsufficientFunds',
      status: 400,
      detail: 'Bank.debit declares this exception',
      exception: { balance: 0 },
    })
  })

  test('that fails says why, as RFC 9457 has it, and whether it ran', async () => {
    const server = createServer({ ledger: memoryLedger(), log: () => {} })
    const thrown = (): never => {
      throw new Error('a secret')
    }
    server.add(Bank, { balance: thrown, debit: thrown, deposit: thrown, note: thrown })
    const { url } = await server.listen('tcp://127.0.0.1:0')
    onTestFinished(() => server.close())
    for (const [path, executed] of [
      ['/Bank/balance', 'once'],
      ['/Bank/debit', 'never'],
    ] as const) {
      const reply = await called(url, path, { account: 'a', ...(executed === 'never' ? { cents: 1 } : {}) })
      expect(reply).toMatchObject({ status: 500, headers: { 'oncewire-executed': executed } })
      expect(problem(reply)).toMatchObject({ code: 'internal-error', status: 500, executed })
      expect(reply.body).not.toContain('secret')
    }
  })

  test('oneway is taken: 202 before it ends, an error only if it never begins', async () => {
    const { url, begun } = await runSlow()
    expect(await called(url, '/Slow/tell', { name: 'a' })).toMatchObject({ status: 202, body: '' })
    expect(begun).toEqual(['a'])
    expect(await called(url, '/Slow/tell', {})).toMatchObject({ status: 400 })
    expect(await called(url, '/Slow/tell', { name: 'b' }, { 'idempotency-key': '"k"' })).toMatchObject({ status: 400 })
    expect(begun).toEqual(['a'])
  })

  test('with curl, as the README says', async () => {
    const { url } = await runBank()
    const at = url.replace('tcp:', 'http:')
    const curl = async (...args: string[]): Promise<string> =>
      (await promisify(execFile)('curl', ['--silent', '--show-error', ...args])).stdout
    const version = await curl('--version').catch(() => undefined)
    if (version === undefined) {
      console.warn('curl is not installed, so it was not tried: apt-get install curl')
      return
    }
    await called(url, '/Bank/deposit', { account: 'alice', cents: 5000 })
    const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')
    const shown = [...readme.matchAll(/^(curl .*)\n(.*)$/gm)]
    expect(shown.length).toBe(2)
    for (const [, command = '', answer = ''] of [...shown, ...shown.slice(1)]) {
      const { stdout } = await promisify(exec)(command.replace('http://127.0.0.1:9090', at))
      expect(stdout).toBe(answer)
    }
    expect(await curl(`${at}/Bank/balance`, '-d', '{"account":"alice"}', '--http1.0')).toBe('4000')
    // curl asks before it sends a large body, and sends this one in chunks.
    const large = `{"line":"${'x'.repeat(2_000_000)}"}`
    const child = execFile('curl', [
      ...['--silent', '--write-out', '%{http_code}', `${at}/Bank/note`],
      ...['-H', 'Transfer-Encoding: chunked', '-H', 'Expect: 100-continue', '--data-binary', '@-'],
    ])
    let out = ''
    child.stdout?.on('data', (chunk: string) => (out += chunk))
    child.stdin?.end(large)
    await once(child, 'close')
    expect(out).toBe('204')
  })
})

describe('what is not found or does not fit', () => {
  test.each([
    ['/Bnk/debit', {}, 404, 'unknown-service', 'Did you mean "Bank"?'],
    ['/Bank/debt', {}, 404, 'unknown-method', 'Did you mean "debit"?'],
    ['/Bank', {}, 404, 'unknown-method', 'It has balance, debit, deposit, note.'],
    ['/', {}, 404, 'unknown-method', 'write POST /Service/method'],
    ['//', {}, 404, 'unknown-method', 'write POST /Service/method'],
    ['/Bank/debit/more', {}, 404, 'unknown-method', 'write POST /Service/method'],
    ['/__proto__/constructor', {}, 404, 'unknown-service', '"__proto__"'],
    ['/Bank/%zz', {}, 400, 'malformed', '%zz'],
    ['/Bank/debit', { acount: 'x' }, 400, 'malformed', 'Did you mean "account"?'],
    ['/Bank/debit', { account: 'x' }, 400, 'malformed', 'argument cents is absent'],
    ['/Bank/debit', { account: 'x', cents: 1.5 }, 400, 'malformed', 'cents: must be a whole number'],
    ['/Bank/debit', '["x",1]', 400, 'malformed', 'must be an object'],
    ['/Bank/debit', '', 400, 'malformed', 'argument account is absent'],
    ['/Bank/debit', '{"account":"x","cents":1}}', 400, 'malformed', 'behind the end'],
    ['/Bank/debit', '{"account":"x"', 400, 'malformed', 'the bytes end'],
  ] as const)('POST %s %o: %d', async (path, body, status, code, detail) => {
    const { url } = await runMemoryBank()
    const reply = await called(url, path, body)
    expect(reply).toMatchObject({ status, headers: { 'oncewire-executed': 'never' } })
    expect(problem(reply)).toMatchObject({ code, executed: 'never', status })
    expect(problem(reply)['detail']).toContain(detail)
  })

  test.each([
    ['content-encoding', 'gzip', 415, 'unsupported'],
    ['content-type', 'image/png', 415, 'unsupported'],
    ['content-type', 'application/json; charset=utf-16', 415, 'unsupported'],
    ['oncewire-deadline-ms', 'soon', 400, 'malformed'],
    ['oncewire-deadline-ms', '0', 400, 'malformed'],
    ['content-length', '999999999', 413, 'frame-too-large'],
    ['origin', 'https://evil.example', 403, 'denied'],
    ['origin', 'null', 403, 'denied'],
  ] as const)('%s: %s is %d', async (name, value, status, code) => {
    const { url } = await runMemoryBank()
    const reply = await called(url, '/Bank/balance', { account: 'x' }, { [name]: value })
    expect(reply.status).toBe(status)
    expect(problem(reply)).toMatchObject({ code, executed: 'never' })
  })

  test.each(['application/json', 'application/json; charset="UTF-8"', 'application/vnd.x+json', 'text/plain', ''])(
    'a body of type "%s" is read as JSON',
    async (type) => {
      const { url } = await runMemoryBank()
      expect((await called(url, '/Bank/balance', { account: 'x' }, { 'content-type': type })).body).toBe('0')
    },
  )

  test('other methods than POST are answered', async () => {
    const { url } = await runMemoryBank()
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH']) {
      const client = await RawClient.open(url)
      client.send(`${method} /Bank/balance HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
      const answer = (await client.rest()).toString()
      expect(answer).toContain('405 Method Not Allowed')
      expect(answer).toContain('allow: POST, OPTIONS')
      expect(answer.includes('"code":"unsupported"')).toBe(method !== 'HEAD')
    }
    const tunnel = await RawClient.open(url)
    expect(await tunnel.send('CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n').reply()).toMatchObject({ status: 405 })
    const client = await RawClient.open(url)
    client.send('OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n')
    expect(await client.reply()).toMatchObject({ status: 204, headers: { allow: 'POST, OPTIONS' } })
  })

  test('a body over the limit, announced or in chunks, is answered, and the connection lives on', async () => {
    const { url } = await runMemoryBank({ limits: { frameBytesMax: 1000 } })
    const client = await RawClient.open(url)
    expect(await client.send(post('/Bank/note', { line: 'x'.repeat(2000) })).reply()).toMatchObject({ status: 413 })
    const chunk = `3e8\r\n${' '.repeat(1000)}\r\n`
    client.send(`POST /Bank/note HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${chunk}${chunk}`)
    expect(await client.reply()).toMatchObject({ status: 413 })
    client.send(`${chunk}0\r\n\r\n`)
    expect(await client.send(post('/Bank/note', { line: 'x' })).reply()).toMatchObject({ status: 204 })
  })
})

describe('the connection', () => {
  const call = post('/Bank/deposit', { account: 'alice', cents: 1 })

  test('a request cut at every byte is one call', async () => {
    const { url } = await runMemoryBank()
    const client = await RawClient.open(url)
    for (let at = 1; at < call.length; at++) {
      client.send(call.slice(0, at))
      await new Promise((resolve) => setImmediate(resolve))
      expect(await client.send(call.slice(at)).reply()).toMatchObject({ status: 200, body: String(at) })
    }
  })

  test('the first bytes cut anywhere, each on a connection of its own', async () => {
    const { url } = await runMemoryBank()
    for (let at = 1; at < 12; at++) {
      const client = await RawClient.open(url)
      client.send(call.slice(0, at))
      await new Promise((resolve) => setTimeout(resolve, 2))
      expect(await client.send(call.slice(at)).reply()).toMatchObject({ status: 200, body: String(at) })
    }
  })

  test('chunks of one byte each', async () => {
    const { url } = await runMemoryBank()
    const client = await RawClient.open(url)
    const chunks = JSON.stringify({ account: 'alice', cents: 5 })
      .split('')
      .map((char) => `1\r\n${char}\r\n`)
    client.send('POST /Bank/deposit HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n')
    for (const chunk of [...chunks, '0\r\n\r\n']) client.send(chunk)
    expect(await client.reply()).toMatchObject({ status: 200, body: '5' })
  })

  test('a hundred requests at once are answered in order', async () => {
    const { url } = await runMemoryBank()
    const client = await RawClient.open(url)
    client.send(call.repeat(100))
    for (let n = 1; n <= 100; n++) expect((await client.reply())?.body).toBe(String(n))
  })

  test('more requests at once than the window are told that they did not run', async () => {
    const { url, begun, end } = await runSlow({ limits: { window: 10 } })
    const client = await RawClient.open(url)
    client.send(Array.from({ length: 200 }, (_, n) => post('/Slow/wait', { name: String(n) })).join(''))
    await eventually(() => begun.length === 10)
    for (let n = 0; n < 10; n++) end(String(n))
    for (let n = 0; n < 10; n++) expect((await client.reply())?.body).toBe(`"${n} done"`)
    const reply = await client.reply()
    expect(reply).toMatchObject({ status: 503, headers: { 'oncewire-executed': 'never', 'retry-after': '1' } })
    expect(problem(reply as { body: string })).toMatchObject({ code: 'overloaded' })
  })

  test('100 Continue is sent to whoever may go on, and to nobody else', async () => {
    const { url } = await runMemoryBank()
    const client = await RawClient.open(url)
    const body = JSON.stringify({ account: 'alice' })
    const head = (path: string, length: number): string =>
      `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\nexpect: 100-continue\r\n\r\n`
    client.send(head('/Bank/balance', body.length))
    expect((await client.bytes(25)).toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    expect(await client.send(body).reply()).toMatchObject({ status: 200, body: '0' })
    client.send(head('/Bank/balance', 99_999_999))
    expect(await client.reply()).toMatchObject({ status: 413, headers: { connection: 'close' } })
    expect((await client.rest()).length).toBe(0)
  })

  test('HTTP/1.0 without a host, and a caller that has ended its side, are answered', async () => {
    const { url } = await runMemoryBank()
    const client = await RawClient.open(url)
    client.socket.end('POST /Bank/balance HTTP/1.0\r\ncontent-length: 15\r\n\r\n{"account":"x"}')
    const answer = (await client.rest()).toString()
    expect(answer).toMatch(/^HTTP\/1\.[01] 200 OK/)
    expect(answer.endsWith('\r\n\r\n0')).toBe(true)
  })

  test('what is no HTTP is answered behind what came before, and ends the connection', async () => {
    const { url, begun, end } = await runSlow()
    const client = await RawClient.open(url)
    client.send(`${post('/Slow/wait', { name: 'a' })}NO HTTP AT ALL\r\n\r\n`)
    await eventually(() => begun.length === 1)
    end('a')
    expect((await client.reply())?.body).toBe('"a done"')
    expect(await client.reply()).toMatchObject({ status: 400, headers: { 'oncewire-executed': 'never' } })
    expect((await client.rest()).length).toBe(0)
  })

  test.each([
    ['a bad chunk', 'POST /Slow/wait HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n', 400],
    ['two lengths', 'POST /Slow/wait HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}', 400],
    [
      'a length and chunks',
      'POST /Slow/wait HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['no host', 'POST /Slow/wait HTTP/1.1\r\ncontent-length: 0\r\n\r\n', 400],
    ['a head of a megabyte', `POST /Slow/wait HTTP/1.1\r\nx: ${'y'.repeat(1_000_000)}`, 431],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ])('%s is refused, and the next caller served', async (_, bytes, status) => {
    const { url } = await runSlow()
    const client = await RawClient.open(url)
    client.send(bytes)
    const answer = await client.reply()
    if (answer === undefined)
      expect(bytes).toContain('PRI') // Node ends that connection without a word.
    else expect(answer.status).toBe(status)
    expect((await called(url, '/Slow/tell', { name: 'x' })).status).toBe(202)
  })

  test('half a request and silence: 408 after frameMs; a caller that waits for its answer is left alone', async () => {
    const { url, begun, end } = await runSlow({ limits: { frameMs: 100 } })
    const patient = (await RawClient.open(url)).send(post('/Slow/wait', { name: 'a' }))
    await eventually(() => begun.length === 1)
    const halves = ['POST /Slow/wait HTTP/1.1\r\nhost:', post('/Slow/wait', { name: 'b' }).slice(0, -1)]
    for (const half of halves) {
      const client = await RawClient.open(url)
      expect(await client.send(half).reply()).toMatchObject({ status: 408, headers: { connection: 'close' } })
      expect((await client.rest()).length).toBe(0)
    }
    // One that is answered before it has come whole is not answered twice.
    const large = await RawClient.open(url)
    const head = 'POST /Slow/wait HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n'
    expect(await large.send(head).reply()).toMatchObject({ status: 413 })
    expect((await large.rest()).length).toBe(0)
    // Behind a whole request, too.
    const client = await RawClient.open(url)
    client.send(post('/Slow/tell', { name: 'c' }))
    expect(await client.reply()).toMatchObject({ status: 202 })
    expect(await client.send('POST /').reply()).toMatchObject({ status: 408 })
    end('a')
    expect((await patient.reply())?.body).toBe('"a done"')
  })

  test('a caller that goes away in mid-request has called nothing; in mid-call, its call runs on', async () => {
    const { url, begun, end } = await runSlow()
    const half = await RawClient.open(url)
    half.send(post('/Slow/wait', { name: 'half' }).slice(0, -2))
    const whole = await RawClient.open(url)
    whole.send(post('/Slow/wait', { name: 'whole' }))
    await eventually(() => begun.length === 1)
    half.socket.destroy()
    whole.socket.destroy()
    end('whole')
    expect((await called(url, '/Slow/tell', { name: 'x' })).status).toBe(202)
    expect(begun).toEqual(['whole', 'x'])
  })
})

describe('the deadline', () => {
  test('of a call that has not ended is told as unknown', async () => {
    const { url, begun, end } = await runSlow()
    const reply = await called(url, '/Slow/wait', { name: 'a' }, { 'oncewire-deadline-ms': '20' })
    expect(reply).toMatchObject({ status: 504, headers: { 'oncewire-executed': 'unknown' } })
    expect(begun).toEqual(['a'])
    end('a')
  })

  test('reaches the handler', async () => {
    let left = 0
    const server = createServer()
    server.add(Slow, {
      tell: () => {},
      wait(_, call) {
        left = call.deadline - Date.now()
        return new Promise((resolve) => call.signal.addEventListener('abort', () => resolve('aborted')))
      },
    })
    const { url } = await server.listen('tcp://127.0.0.1:0')
    onTestFinished(() => server.close())
    await called(url, '/Slow/wait', { name: 'a' }, { 'oncewire-deadline-ms': '50' })
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(50)
  })
})

describe('pages', () => {
  test('of this server may call; of another origin only where it is named', async () => {
    const { url } = await runMemoryBank({ origins: ['https://shop.example'] })
    const as = (origin: string, host: string): Promise<{ status: number; headers: Readonly<Record<string, string>> }> =>
      called(url, '/Bank/balance', { account: 'x' }, { origin, host })
    expect((await as('http://localhost:9090', 'localhost:9090')).status).toBe(200)
    expect((await as('http://127.0.0.1:9090', '127.0.0.1:9090')).status).toBe(200)
    const shop = await as('https://shop.example', 'bank.example')
    expect(shop).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': 'https://shop.example', vary: 'origin' },
    })
    expect((await as('https://evil.example', 'bank.example')).status).toBe(403)
    // A name of somebody else's that leads to this machine.
    expect((await as('http://evil.example:9090', 'evil.example:9090')).status).toBe(403)
  })

  test('ask first', async () => {
    const { url } = await runMemoryBank({ origins: ['https://shop.example'] })
    const ask = async (origin: string): Promise<Awaited<ReturnType<RawClient['reply']>>> => {
      const client = await RawClient.open(url)
      client.send(`OPTIONS /Bank/debit HTTP/1.1\r\nhost: x\r\norigin: ${origin}\r\n\r\n`)
      return client.reply()
    }
    expect(await ask('https://shop.example')).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-origin': 'https://shop.example', 'access-control-allow-methods': 'POST' },
    })
    expect(await ask('https://evil.example')).toMatchObject({ status: 403 })
  })
})

describe('a server that closes', () => {
  test('tells every open request whether it may have run, and ends the connections', async () => {
    const { url, server, begun } = await runSlow()
    const client = await RawClient.open(url)
    client.send(post('/Slow/wait', { name: 'a' }) + post('/Slow/wait', { name: 'b' }))
    const half = (await RawClient.open(url)).send(post('/Slow/wait', { name: 'c' }).slice(0, -3))
    const idle = (await RawClient.open(url)).send(post('/Slow/tell', { name: 'd' }))
    expect((await idle.reply())?.status).toBe(202)
    await eventually(() => begun.length === 3)
    await server.close()
    for (const { from, executed } of [
      { from: client, executed: 'unknown' },
      { from: client, executed: 'unknown' },
      { from: half, executed: 'never' },
    ]) {
      const reply = await from.reply()
      expect(reply).toMatchObject({ status: 503, headers: { 'oncewire-executed': executed } })
      expect(problem(reply as { body: string })).toMatchObject({ code: 'closed' })
    }
    for (const from of [client, half, idle]) expect((await from.rest()).length).toBe(0)
  })

  test('and drains answers what ends in time', async () => {
    const { url, server, begun, end } = await runSlow()
    const client = (await RawClient.open(url)).send(post('/Slow/wait', { name: 'a' }))
    await eventually(() => begun.length === 1)
    const closed = server.close({ drainMs: 5000 })
    end('a')
    expect((await client.reply())?.body).toBe('"a done"')
    await closed
    expect((await client.rest()).length).toBe(0)
  })
})
