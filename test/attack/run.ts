/**
 * Attacks a server process, and asks all the while as an honest client whether it still answers.
 *
 * Invariant: a report of an attack says what was measured, also where the server did not bear it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { connect } from '../../src/index.ts'
import { string } from '../../src/rpc/stub-v1.ts'
import type { Service } from '../../src/rpc/service.ts'
import { seededRandom } from '../../src/std/prng.ts'
import { attacks } from './attacks.ts'

interface Echo {
  echo(text: string): Promise<string>
}
const Echo: Service<Echo, 'Echo'> = {
  name: 'Echo',
  methods: { echo: { delivery: 'at-least-once', arguments: { text: [1, string] }, returns: string } },
}

export interface AttackReport {
  readonly name: string
  readonly inputs: number
  /** The most that the server held, in MiB. */
  readonly peakMiB: number
  /** Calls of the honest client that were answered meanwhile, and the longest that one of them took. */
  readonly honestCalls: number
  readonly slowestMs: number
  readonly failures: readonly string[]
}

export interface AttackOptions {
  readonly seed: number
  readonly share: number
  readonly onReport?: (report: AttackReport) => void
}

/** Every attack, one after the other, against one server that is never started again. */
export async function attackAll({ seed, share, onReport }: AttackOptions): Promise<AttackReport[]> {
  const server = fork(join(import.meta.dirname, 'server.mjs'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [],
  })
  try {
    const [{ url }] = (await once(server, 'message')) as [{ url: string }]
    const random = seededRandom(seed)
    const reports: AttackReport[] = []
    for (const attack of attacks) {
      const report = await under(server, url, {
        name: attack.name,
        act: () => attack.act({ port: Number(new URL(url).port), random, share }),
      })
      reports.push(report)
      onReport?.(report)
      if (server.exitCode !== null) break
    }
    return reports
  } finally {
    if (server.exitCode === null) {
      server.kill()
      await once(server, 'exit')
    }
  }
}

async function under(
  server: ChildProcess,
  url: string,
  { name, act }: { readonly name: string; readonly act: () => Promise<number> },
): Promise<AttackReport> {
  const failures: string[] = []
  let [honestCalls, slowestMs, peakMiB, inputs] = [0, 0, 0, 0]
  let isOver = false
  const channel = await connect(url)
  const echo = channel.client(Echo)
  const honest = async (): Promise<void> => {
    const text = `call ${honestCalls}`
    const startMs = performance.now()
    try {
      if ((await echo.echo(text)) !== text) failures.push('another answer than asked for')
      honestCalls++
    } catch (error) {
      failures.push(`an honest call failed: ${String(error)}`)
    }
    slowestMs = Math.max(slowestMs, performance.now() - startMs)
  }
  const watch = (async () => {
    while (!isOver && server.exitCode === null) {
      await honest()
      peakMiB = Math.max(peakMiB, await memoryOf(server))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  try {
    inputs = await act()
  } finally {
    isOver = true
    await watch
  }
  if (server.exitCode !== null) failures.push(`the server died with ${server.exitCode}`)
  else await honest()
  await channel.close()
  return { name, inputs, peakMiB, honestCalls, slowestMs, failures }
}

async function memoryOf(server: ChildProcess): Promise<number> {
  if (!server.connected) return 0
  const answer = once(server, 'message') as Promise<[{ rss: number }]>
  server.send('memory')
  const [{ rss }] = await Promise.race([
    answer,
    new Promise<[{ rss: number }]>((resolve) => setTimeout(() => resolve([{ rss: 0 }]), 5_000)),
  ])
  return Math.round(rss / 1_048_576)
}
