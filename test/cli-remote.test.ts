/**
 * Goal: who has a terminal and an address finds out what a server offers and calls it, and a script learns from the exit
 * code whether the call ran. Method: the built command, against servers of this process whose services come from an IDL
 * file; in sessions of ours, in stock framings, and where nobody listens.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { catalogOf } from '../src/driver/idl-disk.ts'
import { createServer, type Server, type ServerOptions } from '../src/index.ts'
import { memoryLedger } from '../src/ledger/memory.ts'
import { mustBeBuilt, oncewire, type Ran, startOncewire } from './support/cli.ts'

const idl = `enum Color { RED = 1, GREEN = 7 }

/** One thing for sale. */
struct Item {
  1: required string name,
  /** Exact. */
  2: i64 cents,
  3: Color color = Color.GREEN,
  4: optional binary data,
}

union Either { 1: i32 number, 2: string text }

exception Broke { 1: string message, 2: i64 balance }

/** Answers what it is given. */
service Probe {
  /** The item again. */
  Item echo(1: Item item) throws (1: Broke broke) (delivery = "at-least-once"),

  i64 big(1: i64 n),
  string words(1: string text, 2: bool yes, 3: double amount, 4: Color color, 5: i32 count = 5),
  Color paint(1: Color color),
  binary bytes(1: binary data),
  map<i64, list<Either>> nested(1: map<i64, list<Either>> map),
  i64 once(1: i64 n) (delivery = "exactly-once"),
  void wait(1: i32 ms),
  void fail(),
  oneway void tell(1: string text),
  string header(1: string name),
  Either either(),
}
`

let folder: string
let url: string
let bare: string
const servers: Server<unknown>[] = []
const heard: unknown[] = []
const big = 2n ** 62n

async function serve(options: ServerOptions = {}): Promise<string> {
  const service = catalogOf(join(folder, 'probe.thrift')).services.get('Probe') ?? expect.fail('no Probe')
  const [, broke] = Object.values(service.methods['echo']?.throws ?? {})[0] ?? expect.fail('it throws nothing')
  const server: Server<unknown> = createServer({ ledger: memoryLedger(), log: () => {}, ...options })
  servers.push(server)
  const handlers = {
    echo(item: { readonly cents: bigint }) {
      if (item.cents < 0n) throw new broke({ message: 'nothing left', balance: big } as never)
      return item
    },
    big: (n: bigint) => n,
    words: (...words: unknown[]) => words.slice(0, 5).join(' '),
    paint: (color: number) => color,
    bytes: (data: Uint8Array) => data,
    nested: (map: unknown) => map,
    once: (n: bigint) => {
      heard.push(n)
      return BigInt(heard.filter((one) => one === n).length)
    },
    wait(ms: number) {
      heard.push('waiting')
      return new Promise((resolve) => setTimeout(resolve, ms).unref())
    },
    fail: () => {
      throw new Error('secret')
    },
    tell: (text: string) => void heard.push(text),
    either: () => ({ kind: 'text', value: 'x' }),
    header: (name: string, call: { readonly headers: Readonly<Record<string, string>> }) =>
      call.headers[name] ?? 'none',
  }
  server.add(service as never, handlers as never)
  return (await server.listen('tcp://127.0.0.1:0')).url
}

beforeAll(async () => {
  mustBeBuilt()
  folder = mkdtempSync(join(tmpdir(), 'oncewire-'))
  writeFileSync(join(folder, 'probe.thrift'), idl)
  url = await serve()
  bare = await serve({ reflection: false })
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()))
  rmSync(folder, { recursive: true })
})

const run = (args: readonly string[], stdin?: string): Promise<Ran> => startOncewire(folder, args, stdin).ended
const call = (method: string, ...words: string[]): Promise<Ran> => run(['call', url, `Probe.${method}`, ...words])
const printed = async (ran: Promise<Ran>): Promise<string> => {
  const { code, stdout, stderr } = await ran
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

describe('list', () => {
  test('services, methods, deliveries, on one screen; the same of a server and of a file', async () => {
    const [live, file] = await Promise.all([
      printed(run(['list', url])),
      printed(run(['list', '--idl', 'probe.thrift'])),
    ])
    expect(live).toContain('Probe  probe.thrift\n  at-least-once  Item echo(Item item) throws Broke\n')
    expect(live).toContain('\n  exactly-once   i64 once(i64 n)\n')
    expect(live).toContain('\n  at-most-once   oneway void tell(string text)\n')
    expect(live).toContain('\n  at-most-once   enum { RED, GREEN } paint(enum { RED, GREEN } color)\n')
    expect(file).toBe(live)
  })

  test('as JSON, in stock framing too', async () => {
    const args = ['list', url, '--json', '--framing', 'framed', '--codec', 'compact']
    const service = JSON.parse(await printed(run(args))) as { name: string; file: string; methods: { name: string }[] }
    expect([service.name, service.file, service.methods.length]).toEqual(['Probe', 'probe.thrift', 12])
  })

  test('a server that tells nothing: what to give instead', async () => {
    const { code, stderr } = await run(['list', bare])
    expect(code).toBe(2)
    expect(stderr).toContain('the server does not tell what it offers')
    expect(stderr).toContain('--idl file.thrift')
  })
})

describe('describe', () => {
  test('a method, a type: IDL text with docs, the same of a server and of a file', async () => {
    const method = [
      '// probe.thrift',
      '/** The item again. */',
      'Item echo(1: Item item) throws (1: Broke broke) (delivery = "at-least-once")',
    ]
    const item = idl.slice(idl.indexOf('/** One'), idl.indexOf('\n\nunion'))
    const [live, file] = [run(['describe', url, 'Probe.echo']), run(['describe', '--idl', 'probe.thrift', 'Item'])]
    expect(await printed(live)).toBe(`${method.join('\n')}\n`)
    expect(await printed(file)).toBe(`// probe.thrift\n${item}\n`)
  })

  test('a service, as JSON with its docs', async () => {
    const described = JSON.parse(await printed(run(['describe', url, 'Probe', '--json']))) as object
    expect(described).toMatchObject({
      kind: 'service',
      name: 'Probe',
      file: 'probe.thrift',
      doc: 'Answers what it is given.',
    })
  })

  test('a misspelt name: what was meant', async () => {
    const { code, stdout, stderr } = await run(['describe', url, 'Itme'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Did you mean "Item"?')
  })
})

describe('call: arguments and results', () => {
  test('i64 is exact, alone and inside; enums have their names; bytes are base64', async () => {
    const item = `{"name":"a","cents":"${big}","data":"AAE="}`
    const answers = [
      call('big', `n=${big}`),
      call('echo', `item=${item}`),
      call('paint', 'color=GREEN'),
      call('bytes', 'data=AAE='),
      call('nested', `map={"1": [{"number":5}, {"text":"x"}], "${big}": []}`),
    ]
    expect(await Promise.all(answers.map(printed))).toEqual([
      `${big}\n`,
      `{ "name": "a", "cents": "${big}", "color": "GREEN", "data": "AAE=" }\n`,
      'GREEN\n',
      'AAE=\n',
      `{ "1": [{ "number": 5 }, { "text": "x" }], "${big}": [] }\n`,
    ])
  })

  test('name=value words, JSON from standard input', async () => {
    const words = ['text="x" = y', 'yes=true', 'amount=-1.5', 'color=RED']
    const answers = [call('words', ...words), run(['call', url, 'Probe.big', '-'], '{"n":5}')]
    expect(await Promise.all(answers.map(printed))).toEqual(['"x" = y true -1.5 1 5\n', '5\n'])
  })

  test('--json: one line, whatever it ends in', async () => {
    const lines = await Promise.all([
      call('big', 'n=5', '--json'),
      call('wait', 'ms=0', '--json'),
      call('echo', 'item={"name":"a","cents":-1}', '--json'),
      call('fail', '--json'),
    ])
    expect(lines.map(({ code, stdout, stderr }) => [code, JSON.parse(stdout), stderr])).toEqual([
      [0, { result: 5 }, ''],
      [0, { result: null }, ''],
      [1, { exception: 'Broke', fields: { message: 'nothing left', balance: String(big) } }, ''],
      [1, { error: expect.objectContaining({ code: 'internal-error', executed: 'once' }) as object }, ''],
    ])
  })

  test('an idempotency key, headers', async () => {
    const keyed = ['n=77', '--idempotency-key', 'order-42']
    expect(await printed(call('once', ...keyed))).toBe('1\n')
    expect(await printed(call('once', ...keyed))).toBe('1\n')
    expect(heard.filter((one) => one === 77n)).toHaveLength(1)
    expect(await printed(call('header', 'name=who', '--header', 'who=me=you'))).toBe('me=you\n')
  })

  test('what answers nothing says so beside the data', async () => {
    expect(await call('wait', 'ms=0')).toEqual({ code: 0, stdout: '', stderr: 'Probe.wait is done\n' })
    expect(await call('tell', 'text=hello')).toEqual({ code: 0, stdout: '', stderr: 'Probe.tell was sent\n' })
    while (!heard.includes('hello')) await new Promise((resolve) => setTimeout(resolve, 5))
  })

  test.each([
    ['framed', []],
    ['unframed', ['--codec', 'json']],
    ['header', ['--codec', 'compact', '--multiplexed']],
    ['session', []],
  ])('by an IDL file, %s %j', async (framing, more) => {
    const args = ['call', bare, 'Probe.big', 'n=5', '--idl', 'probe.thrift', '--framing', framing, ...more]
    expect(await printed(run(args))).toBe('5\n')
  })

  test('over HTTP, by what the server tells', async () => {
    expect(await printed(run(['call', url.replace('tcp:', 'http:'), 'Probe.big', 'n=5']))).toBe('5\n')
  })
})

describe('call: exit codes', () => {
  test('1: it ran, and ended in an exception of the IDL or in an error of the handler', async () => {
    const [declared, undeclared] = await Promise.all([call('echo', '{"item":{"name":"a","cents":-1}}'), call('fail')])
    expect(declared).toEqual({
      code: 1,
      stdout: '',
      stderr: `Probe.echo: Broke: nothing left\n{ "message": "nothing left", "balance": "${big}" }\n`,
    })
    expect(undeclared.code).toBe(1)
    expect(undeclared.stderr).toContain('[internal-error, executed: once]')
    expect(undeclared.stderr).not.toContain('secret')
  })

  test.each([
    [['Probe.bgi', 'n=5'], 'Probe has no method "bgi". Did you mean "big"?'],
    [['Prob.big', 'n=5'], 'Did you mean "Probe"?'],
    [['big', 'n=5'], '"big" names no method: write Service.method'],
    [['Probe.tell', 'txet=x'], 'there is no argument "txet". Did you mean "text"?\noneway void tell(string text)'],
    [['Probe.big', 'n=5', '--deadline', 'soon'], '--deadline is a time such as 500ms, 2s or 1m, not soon'],
    [['Probe.big', 'n=5', '--header', 'x'], '--header x: write name=value'],
    [['Probe.big', 'n=5', '--idempotency-key', 'k'], 'only an exactly-once method can honour an idempotency key'],
    [['Probe.big', 'n=5', '--idl', 'prob.thrift'], 'Did you mean "probe.thrift"?'],
    [['Probe.big', 'n=5', '--idempotencykey', 'x'], 'Did you mean --idempotency-key?'],
  ])('2: %j', async (args, advice) => {
    const { code, stdout, stderr } = await run(['call', url, ...args])
    expect(stderr).toContain(advice)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).not.toMatch(/^ +at /m)
  })

  test('2: an IDL with errors is shown as check shows it', async () => {
    writeFileSync(join(folder, 'bad.thrift'), 'service Probe { i65 big(1: i64 n) }')
    const { code, stderr } = await run(['call', url, 'Probe.big', 'n=5', '--idl', 'bad.thrift'])
    expect(code).toBe(2)
    expect(stderr).toContain('bad.thrift:1:17: error: there is no type "i65"')
  })

  test('3: never executed', async () => {
    writeFileSync(join(folder, 'other.thrift'), 'service Other { void f() }')
    const listener = createTcpServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as { port: number }
    listener.close()
    const [nobody, refused] = await Promise.all([
      run(['call', `tcp://127.0.0.1:${port}`, 'Probe.big', 'n=5', '--deadline', '200ms']),
      run(['call', url, 'Other.f', '--idl', 'other.thrift']),
    ])
    expect(nobody.code).toBe(3)
    expect(nobody.stderr).toContain('executed: never')
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain('the server has no service "Other"')
  })

  test('3: a server of another make, told how to speak to it', async () => {
    const silent = createTcpServer((socket) => socket.on('error', () => {}).resetAndDestroy()).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as { port: number }
    const { code, stderr } = await run(['list', `tcp://127.0.0.1:${port}`])
    silent.close()
    expect(code).toBe(3)
    expect(stderr).toContain('a Thrift server of another make needs --framing framed, unframed or header, and --idl')
  })

  test('4: nobody can tell whether it ran', async () => {
    const { code, stdout, stderr } = await call('wait', 'ms=20000', '--deadline', '0.3s')
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    expect(stderr).toContain('[deadline, executed: unknown]')
  })

  test('1: it ran, and answered what our IDL does not know', async () => {
    writeFileSync(
      join(folder, 'older.thrift'),
      idl.replace('union Either { 1: i32 number, 2: string text }', 'union Either { 1: i32 number }'),
    )
    const args = ['call', url, 'Probe.either', '--idl', 'older.thrift']
    const { code, stdout, stderr } = await run(args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('Probe.either ran, and what it answered cannot be shown')
  })

  test('130: interrupted, and what that means for the call', async () => {
    const before = heard.length
    const waiting = startOncewire(folder, ['call', url, 'Probe.wait', 'ms=20000'])
    while (heard.length === before) await new Promise((resolve) => setTimeout(resolve, 5))
    waiting.child.kill('SIGINT')
    const { code, stderr } = await waiting.ended
    expect(code).toBe(130)
    expect(stderr).toBe('interrupted: the call was sent, and may have run or may yet run\n')
  })
})

test('the words of a command without a server', () => {
  expect(oncewire(folder, 'list').stderr).toContain('say where the server listens')
  expect(oncewire(folder, 'describe', 'Probe').stderr).toContain('name a server and a thing')
  expect(oncewire(folder, 'call', '127.0.0.1:9', 'A.b').stderr).toContain('did you mean tcp://127.0.0.1:9?')
})
