/**
 * Goal: two servers on one PostgreSQL; whichever dies, or the database, each call happens once and nobody is told a lie.
 * Method: server processes that are killed with SIGKILL, a database that is stopped as by a power switch, clients under
 * load; then the table of effects is read.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { KillBank } from '../src/cli/kill/bank.ts'
import { type Channel, connect, OncewireError } from '../src/index.ts'
import { root } from './support/cli.ts'
import { type Postgres, startPostgres } from './support/postgres.ts'

let database: Postgres
beforeAll(async () => {
  database = await startPostgres()
}, 60_000)
afterAll(() => database.stop(), 60_000)

interface RunningServer {
  readonly url: string
  /** kill -9, and a new process on the same port. */
  restart(): Promise<void>
  kill(): Promise<void>
}

async function startServer(): Promise<RunningServer> {
  let child: ChildProcess
  const start = async (port: string): Promise<string> => {
    const script = join(import.meta.dirname, 'support', 'postgres-server.ts')
    child = spawn(process.execPath, ['--import', 'tsx', script, database.url, port], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
    return line.toString().trim()
  }
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  onTestFinished(kill)
  const url = await start('0')
  return {
    url,
    kill,
    async restart() {
      await kill()
      await start(new URL(url).port)
    },
  }
}

async function connected(): Promise<pg.Client> {
  const client = new pg.Client(database.connection)
  await client.connect()
  return client
}

async function sql<Row extends object>(text: string): Promise<Row[]> {
  const client = await connected()
  const { rows } = await client.query<Row>(text)
  await client.end()
  return rows
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const accounts = ['held', 'a', 'b', 'c', 'd']
async function twoServers(): Promise<readonly [RunningServer, RunningServer]> {
  const servers = await Promise.all([startServer(), startServer()])
  await sql(
    `TRUNCATE account, effect; INSERT INTO account SELECT name, 1000 FROM unnest('{${accounts.join()}}'::text[]) name`,
  )
  return servers
}

test('a server is killed in the middle of a call; the other answers the retransmission, and it ran once', async () => {
  const servers = await twoServers()
  const holder = await connected()
  await holder.query('SELECT pg_advisory_lock(42)')
  const channel = await connect(servers.map(({ url }) => url))
  onTestFinished(() => channel.close())
  const bank = channel.client(KillBank)
  expect(await bank.transfer('a', 'b', 1n, 'before')).toBe(1n)
  const held = bank.transfer('held', 'a', 1n, 'in the middle')
  const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted`
  while ((await sql(waiting)).length === 0) await pause(10)
  await servers[0].kill()
  // Its transaction lives on in the database, and with it the lock on the call, until the lock that it waits for is free.
  await pause(300)
  await holder.end()
  expect(await held).toBe(1n)
  const effects = await sql<{ tag: string; server: string }>('SELECT tag, server FROM effect ORDER BY tag')
  expect(effects.map(({ tag }) => tag)).toEqual(['before', 'in the middle'])
  expect(effects[0]?.server).not.toBe(effects[1]?.server)
}, 60_000)

interface Told {
  readonly ok: string[]
  readonly never: string[]
  readonly unknown: string[]
}

/** Transfers, so many at a time, until `isOver`; each promise settles. */
async function load(channel: Channel, name: string, isOver: () => boolean): Promise<Told> {
  const bank = channel.client(KillBank)
  const told: Told = { ok: [], never: [], unknown: [] }
  let last = 0
  const lane = async (): Promise<void> => {
    while (!isOver()) {
      const tag = `${name} ${++last}`
      const [from, to] = [accounts[1 + (last % 4)] as string, accounts[1 + ((last * 7 + 1) % 4)] as string]
      try {
        await bank.transfer(from, to, 1n, tag, { deadlineMs: 30_000 })
        told.ok.push(tag)
      } catch (error) {
        if (!(error instanceof OncewireError)) throw error
        const executed = error.executed === 'unknown' ? await error.resolved : error.executed
        told[executed === 'never' ? 'never' : 'unknown'].push(`${tag}: ${error.code} ${error.message}`)
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  return told
}

test('under load, with both servers killed and the database stopped again and again', async () => {
  const servers = await twoServers()
  const urls = servers.map(({ url }) => url)
  const channels = await Promise.all([connect(urls), connect(urls.toReversed())])
  onTestFinished(async () => void (await Promise.all(channels.map((channel) => channel.close()))))
  let isOver = false
  const loads = channels.map((channel, i) => load(channel, `client ${i}`, () => isOver))
  for (let round = 0; round < 3; round++) {
    await pause(700)
    await database.crash()
    await database.start()
    await pause(500)
    await servers[round % 2]?.restart()
  }
  await pause(500)
  isOver = true
  const told = await Promise.all(loads)
  const effects = await sql<{ tag: string; n: string }>('SELECT tag, count(*) AS n FROM effect GROUP BY tag')
  const times = new Map(effects.map(({ tag, n }) => [tag, Number(n)]))
  console.log(
    `${times.size} transfers, ${told.map(({ ok, never }) => `${ok.length} ok and ${never.length} never`).join('; ')}`,
  )
  expect([...times].filter(([, n]) => n !== 1)).toEqual([])
  expect(told.flatMap(({ unknown }) => unknown)).toEqual([])
  const ok = told.flatMap((client) => client.ok)
  expect(ok.length).toBeGreaterThan(50)
  // What is there was told ok, and what was told ok is there: nobody died who could have been told.
  expect([...times.keys()].toSorted()).toEqual(ok.toSorted())
  const [total] = await sql<{ cents: string }>('SELECT sum(cents) AS cents FROM account')
  expect(Number(total?.cents)).toBe(1000 * accounts.length)
}, 120_000)
