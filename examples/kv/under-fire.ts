/**
 * Four clients on two keys while the server is killed with -9 again and again: everything that they were told is written
 * down, and has to be explained by one order.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { connect, OncewireError } from 'oncewire'
import {
  checkLinearizable,
  type HistoryEvent,
  type HistoryVerdict,
  historyOf,
  type KeyValueInput,
  keyValueModel,
  type KeyValueOutput,
  type KeyValueState,
  Recorder,
} from 'oncewire/sim'
import { KeyValue } from './gen/kv.ts'
import { anything, recorded } from './recorded.ts'

export type KeyValueVerdict = HistoryVerdict<KeyValueInput, KeyValueOutput, KeyValueState>

const clients = 4
const keys = ['x', 'y']
const killEveryMs = 400

/** Plays for a while, the file in `folder`; answers the verdict, and how often the server was killed. */
export async function playUnderFire(
  folder: string,
  forMs: number,
): Promise<{ history: KeyValueVerdict; kills: number }> {
  const events: HistoryEvent<KeyValueInput, KeyValueOutput>[] = []
  const beganMs = performance.now()
  const nowMs = (): number => performance.now() - beganMs
  const recorder = new Recorder<KeyValueInput, KeyValueOutput>((event) => events.push(event), { nowMs })
  let server = startServer(folder, 'tcp://127.0.0.1:0')
  const url = await addressOf(server)
  let values = 0
  async function client(name: string): Promise<void> {
    await using channel = await connect(url, { retransmission: { attemptMs: 100 } })
    const ask = recorded(channel.client(KeyValue), recorder, name)
    let last = ''
    while (nowMs() < forMs) {
      const answer = await ask(anything(Math.random, keys, () => `${++values},`, last)).catch((error: unknown) => {
        if (!(error instanceof OncewireError)) throw error
        return {} // Written down as what it is: unknown, or never.
      })
      if ('value' in answer) last = answer.value ?? ''
    }
  }
  const working = Promise.all(Array.from({ length: clients }, (_, i) => client(`client-${i + 1}`)))
  let kills = 0
  while (nowMs() < forMs) {
    await new Promise((resolve) => setTimeout(resolve, killEveryMs))
    server.kill('SIGKILL')
    await once(server, 'exit')
    kills++
    server = startServer(folder, url)
    await addressOf(server)
  }
  await working
  server.kill()
  return { history: checkLinearizable(historyOf(events), keyValueModel), kills }
}

function startServer(folder: string, url: string): ChildProcess {
  return fork(join(import.meta.dirname, 'server.ts'), [url, join(folder, 'kv.db')], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
}

/** Printed when it listens. */
async function addressOf(server: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: server.stdout as NodeJS.ReadableStream })) {
    const found = / at (\S+)$/.exec(line)
    if (found !== null) return found[1] as string
  }
  throw new Error('the server ended before it listened')
}
