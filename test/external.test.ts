/**
 * Goal: an effect outside the database happens at most once, and what is told of it is true, wherever the server crashes.
 * Method: a cash machine that counts what it pays out; servers that stop in the middle, on what a crash leaves of their
 * ledgers; and one that is killed with SIGKILL.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Atm, PaperJam } from '../examples/atm/gen/atm.ts'
import { machinesIn } from '../examples/atm/machine.ts'
import { type CallOptions, connect, OncewireError } from '../src/index.ts'
import { sqlite } from '../src/ledger/sqlite.ts'
import { crashAt, Machine, runAtm } from './support/atm.ts'
import { connected, temporaryFolder } from './support/bank.ts'
import { mustBeBuilt, root } from './support/cli.ts'

const quickly = { retransmission: { attemptMs: 20, attemptMsMax: 60 } }
const atmAt = async (url: string): Promise<Atm> => (await connected(url, quickly)).client(Atm)
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function errorOf(call: Promise<unknown>): Promise<OncewireError> {
  const error = await call.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(OncewireError)
  return error as OncewireError
}

describe('while nothing fails', () => {
  test('it is performed once, whoever asks again under its key; the window is measured', async () => {
    const { url, machine, server } = await runAtm()
    const [one, two] = [await atmAt(url), await atmAt(url)]
    const options = { idempotencyKey: 'order-42' }
    machine.before = () => after(60)
    expect(await Promise.all([one, two].map((atm) => atm.dispense('north', 100n, options)))).toEqual([100n, 100n])
    expect(await two.dispense('north', 100n, options)).toBe(100n)
    expect(machine.payments).toBe(1)
    const { sumMs, ...figures } = server.metrics().effectWindows
    expect(figures).toMatchObject({ open: 0, ended: 1, failed: 0, maxMs: sumMs })
    expect(sumMs).toBeGreaterThan(40)
  })

  test('effects on one object never overlap, and on others they do', async () => {
    const { url, machine } = await runAtm()
    const atm = await atmAt(url)
    machine.before = () => after(5)
    await Promise.all(Array.from({ length: 8 }, (_, n) => atm.dispense('north', BigInt(n + 1))))
    expect([machine.payments, machine.counter('north'), machine.insideMax]).toEqual([8, 36n, 1])
    await Promise.all(Array.from({ length: 8 }, (_, n) => atm.dispense(`atm ${n}`, 1n)))
    expect(machine.insideMax).toBeGreaterThan(1)
  })

  test('two servers on one ledger: effects on one object still do not overlap', async () => {
    const { url, machine, ledger } = await runAtm({ name: 'atm-1' })
    const second = await runAtm({ name: 'atm-2', machine, ledger })
    const [one, two] = [await atmAt(url), await atmAt(second.url)]
    machine.before = () => after(3)
    await Promise.all(Array.from({ length: 10 }, (_, n) => (n % 2 ? one : two).dispense('north', 1n)))
    expect([machine.payments, machine.insideMax]).toEqual([10, 1])
  })

  test('a declared exception is an outcome; what prepare throws means that nothing happened', async () => {
    const jammed = await runAtm({
      parts: {
        perform: (atm) => {
          throw new PaperJam({ atm })
        },
      },
    })
    await expect((await atmAt(jammed.url)).dispense('north', 1n)).rejects.toMatchObject({
      name: 'PaperJam',
      atm: 'north',
    })
    const broken = await runAtm({
      parts: {
        prepare: () => {
          throw new Error('no such machine')
        },
      },
    })
    const error = await errorOf((await atmAt(broken.url)).dispense('north', 1n))
    expect(error).toMatchObject({ code: 'internal-error', executed: 'never' })
    expect(broken.machine.payments).toBe(0)
  })

  test('a result that cannot be told: it happened, and that is told', async () => {
    const { url, machine } = await runAtm({ limits: { replyBytesMax: 5 } })
    const error = await errorOf((await atmAt(url)).dispense('north', 1n))
    expect(error).toMatchObject({ code: 'reply-too-large', executed: 'once' })
    expect(machine.payments).toBe(1)
  })

  test('one living server a name; a closed one gives it back', async () => {
    const { ledger, server } = await runAtm()
    await expect(runAtm({ ledger })).rejects.toMatchObject({ code: 'server-name-taken', executed: 'never' })
    await runAtm({ ledger, name: 'another' })
    await server.close()
    await runAtm({ ledger })
  })
})

describe('after a crash', () => {
  /** A call that is under way when its server stops. */
  async function crashed(where: 'before' | 'after', options?: CallOptions<'external'>) {
    const first = await runAtm()
    const atm = await atmAt(first.url)
    let call: Promise<bigint> | undefined
    const left = await crashAt(where, first, () => void (call = atm.dispense('north', 100n, options)))
    call?.catch(() => {})
    return { ...left, call: call ?? expect.fail('no call') }
  }

  test('before the effect: it did not happen, and never will', async () => {
    const { call, ...left } = await crashed('before')
    const { server } = await runAtm(left)
    expect(await errorOf(call)).toMatchObject({ code: 'not-performed', executed: 'never' })
    expect(left.machine.payments).toBe(0)
    expect(server.metrics().effectWindows.reconciled).toEqual({ never: 1, once: 0, unknown: 0 })
  })

  test('after the effect: it happened, and the caller gets its result', async () => {
    const { call, ...left } = await crashed('after')
    await runAtm(left)
    expect(await call).toBe(100n)
    expect(left.machine.payments).toBe(1)
  })

  test('nobody can say: unknown to every caller, until an operator settles it once', async () => {
    const { call, ...left } = await crashed('after', { idempotencyKey: 'order-42' })
    const { url, ledger } = await runAtm({ ...left, parts: { reconcile: () => ({ executed: 'unknown' }) } })
    expect(await errorOf(call)).toMatchObject({ code: 'effect-unknown', executed: 'unknown' })
    const other = await atmAt(url)
    const again = (): Promise<bigint> => other.dispense('north', 100n, { idempotencyKey: 'order-42' })
    expect(await errorOf(again())).toMatchObject({ code: 'effect-unknown', executed: 'unknown' })
    const [intent] = await ledger.intents()
    const outcome = { kind: 'failure', code: 'settled', executed: 'once', message: 'it is on the tape' } as const
    await ledger.complete(intent?.id ?? 0, outcome, { settles: true })
    expect(await errorOf(again())).toMatchObject({ code: 'settled', executed: 'once' })
    expect(left.machine.payments).toBe(1)
  })

  test('until a server of that name starts, copies come back and RESOLVE waits; nothing is performed again (H5)', async () => {
    const { call, ...left } = await crashed('after', { deadlineMs: 200 })
    const stranger = await runAtm({ ...left, name: 'a stranger' })
    const error = await errorOf(call)
    expect(error).toMatchObject({ code: 'deadline', executed: 'unknown' })
    let resolved: string | undefined
    void error.resolved?.then((word) => (resolved = word))
    await after(150)
    expect(resolved).toBeUndefined()
    await stranger.server.close()
    await runAtm(left)
    expect(await error.resolved).toBe('once')
    expect(left.machine.payments).toBe(1)
  })

  test('other calls on that object wait until it is known, or its evidence would mean nothing', async () => {
    const { call, ...left } = await crashed('after')
    let answer = (): void => {}
    const asked = new Promise<void>((resolve) => (answer = resolve))
    const { url, machine } = await runAtm({
      ...left,
      parts: { reconcile: (_, cents) => asked.then(() => ({ executed: 'once', result: cents })) },
    })
    const next = (await atmAt(url)).dispense('north', 5n)
    await after(100)
    expect(machine.payments).toBe(1)
    answer()
    expect([await call, await next]).toEqual([100n, 5n])
    expect(machine.payments).toBe(2)
  })

  test('a reconcile that fails is asked again, and nothing that is under way', async () => {
    const { call, ...left } = await crashed('after')
    const asked: string[] = []
    const { logged, url, machine } = await runAtm({
      ...left,
      parts: {
        reconcile: (atm, cents) => {
          asked.push(atm)
          if (asked.length === 1) throw new Error('the machine does not answer')
          return { executed: 'once', result: cents }
        },
      },
    })
    // What is under way here meanwhile is nobody's question.
    let release = (): void => {}
    machine.before = () => new Promise((resolve) => (release = resolve))
    const next = (await atmAt(url)).dispense('south', 5n)
    expect(await call).toBe(100n)
    release()
    expect(await next).toBe(5n)
    expect(asked).toEqual(['north', 'north'])
    expect(logged.join()).toContain('the machine does not answer')
  })
})

describe('perform throws what the IDL does not declare', () => {
  const failing = (machine: Machine) => ({
    perform: async (atm: string, cents: bigint): Promise<bigint> => {
      await machine.pay(atm, cents)
      throw new Error('the line went dead')
    },
  })

  test('that says nothing about the effect: the intent stays open, until the server is started again (H5)', async () => {
    const machine = new Machine()
    const { url, ledger, server, logged } = await runAtm({ machine, parts: failing(machine) })
    const error = await errorOf((await atmAt(url)).dispense('north', 100n, { deadlineMs: 200 }))
    expect(error).toMatchObject({ code: 'deadline', executed: 'unknown' })
    expect(await ledger.intents()).toMatchObject([{ state: 'open' }])
    expect(logged.join()).toContain('stays open until this server is started again')
    expect(server.metrics().effectWindows).toMatchObject({ open: 0, failed: 1 })
    await server.close()
    await runAtm({ url, machine, ledger })
    expect(await error.resolved).toBe('once')
    expect(machine.payments).toBe(1)
  })

  test('reconcile is asked at once where the device refuses evidence that was asked about', async () => {
    const machine = new Machine()
    const { url } = await runAtm({ machine, parts: { ...failing(machine), refusesSeenEvidence: true } })
    expect(await (await atmAt(url)).dispense('north', 100n)).toBe(100n)
    expect(machine.payments).toBe(1)
  })
})

test('a ledger that cannot take the completion gets it when it can again', async () => {
  const { url, ledger, machine } = await runAtm()
  const { complete } = ledger
  let failures = 2
  ledger.complete = (...how) => {
    return failures-- > 0 ? Promise.reject(new Error('disk full')) : Reflect.apply(complete, ledger, how)
  }
  expect(await (await atmAt(url)).dispense('north', 100n)).toBe(100n)
  expect(machine.payments).toBe(1)
})

test('over HTTP: a copy under the same key, while it is under way, is told 409, and later the outcome', async () => {
  const { url, machine } = await runAtm({ url: 'tcp://127.0.0.1:0' })
  const post = (): Promise<Response> =>
    fetch(`${url.replace('tcp:', 'http:')}/Atm/dispense`, {
      method: 'POST',
      headers: { 'idempotency-key': '"order-42"' },
      body: JSON.stringify({ atm: 'north', cents: 100 }),
    })
  let release = (): void => {}
  const reached = new Promise<void>((resolve) => {
    machine.before = () => {
      resolve()
      return new Promise((go) => (release = go))
    }
  })
  const first = post()
  await reached
  expect((await post()).status).toBe(409)
  release()
  expect(await (await first).json()).toBe(100)
  const replay = await post()
  expect([replay.status, replay.headers.get('oncewire-replayed')]).toEqual([200, 'true'])
  expect(machine.payments).toBe(1)
})

/** A server of the example's service in a process of its own, which kills itself where `perform` is. */
async function startServer(folder: string, dies: 'before' | 'after' | 'never', url: string) {
  const script = `
    import { createServer } from 'oncewire'
    import { sqlite } from 'oncewire/sqlite'
    import { Atm } from './examples/atm/gen/atm.ts'
    import { atmHandlers } from './examples/atm/handlers.ts'
    import { machinesIn } from './examples/atm/machine.ts'
    const [folder, dies, url] = process.argv.slice(1)
    const machines = machinesIn(folder)
    const reach = (place) => place === dies && process.kill(process.pid, 'SIGKILL')
    const pay = (atm, cents) => { reach('before'); machines.pay(atm, cents); reach('after') }
    const server = createServer({ ledger: await sqlite(folder + '/atm.db'), name: 'atm' })
    server.add(Atm, atmHandlers({ ...machines, pay }))
    console.log((await server.listen(url)).url)`
  const node = ['--import', 'tsx', '--input-type=module', '-e', script]
  const child = spawn(process.execPath, [...node, folder, dies, url], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  return { url: line.trim(), exited }
}

test('kill -9 between intent and payment, and between payment and completion', async () => {
  mustBeBuilt()
  const folder = await temporaryFolder()
  const first = await startServer(folder, 'before', 'tcp://127.0.0.1:0')
  const channel = await connect(first.url, { ...quickly, deadlineMs: 60_000 })
  const dispense = (): Promise<bigint | string> =>
    channel
      .client(Atm)
      .dispense('north', 100n)
      .catch((error: unknown) => (error as OncewireError).code)
  const one = dispense()
  expect(await first.exited).toEqual([null, 'SIGKILL'])
  const second = await startServer(folder, 'after', first.url)
  expect(await one).toBe('not-performed')
  const two = dispense()
  expect(await second.exited).toEqual([null, 'SIGKILL'])
  await startServer(folder, 'never', first.url)
  expect([await two, await dispense()]).toEqual([100n, 100n])
  expect(machinesIn(folder).counter('north')).toBe(200n)
  await channel.close()
  const ledger = await sqlite(join(folder, 'atm.db'))
  expect(await ledger.intents()).toEqual([])
  await ledger.close()
}, 60_000)
