/**
 * The lecture's picture, for real: put(x, 10) is kept by the network and sent again, put(x, 20) follows, and then the first
 * copy arrives after all. What does get(x) answer, under each delivery?
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { connect, type Service } from 'oncewire'
import {
  checkLinearizable,
  type HistoryEvent,
  type HistoryVerdict,
  historyOf,
  type KeyValueInput,
  keyValueModel,
  type KeyValueOutput,
  type KeyValueState,
  type Mark,
  Recorder,
} from 'oncewire/sim'
import { AtLeastOnce, AtMostOnce, ExactlyOnce } from './gen/late-copy.ts'
import { LateLink } from './late-link.ts'

export const services = {
  'at-least-once': AtLeastOnce as Service<AtLeastOnce>,
  'at-most-once': AtMostOnce as Service<AtLeastOnce>,
  'exactly-once': ExactlyOnce as Service<AtLeastOnce>,
}

export interface LateCopy {
  readonly history: HistoryVerdict<KeyValueInput, KeyValueOutput, KeyValueState>
  /** What the network did, and when. */
  readonly marks: readonly Mark[]
  /** What get(x) answered in the end. */
  readonly value: string | undefined
}

/** Plays it with a server process of its own, whose file goes into `folder`. */
export async function playLateCopy(delivery: keyof typeof services, folder: string): Promise<LateCopy> {
  const server = fork(join(import.meta.dirname, 'late-server.ts'), [join(folder, `${delivery}.db`)])
  const [url] = (await once(server, 'message')) as [string]
  const link = new LateLink(url)
  const channel = await connect(await link.listen(), { retransmission: { attemptMs: 100, pingMs: 200 } })
  const events: HistoryEvent<KeyValueInput, KeyValueOutput>[] = []
  const beganMs = performance.now()
  const nowMs = (): number => performance.now() - beganMs
  const recorder = new Recorder<KeyValueInput, KeyValueOutput>((event) => events.push(event), {
    nowMs,
  })
  const marks: Mark[] = []
  try {
    const store = channel.client(services[delivery])
    const put = (value: string): Promise<unknown> =>
      recorder.record('client', { method: 'put', key: 'x', value }, async () => (await store.put('x', value), {}))
    const get = (): Promise<KeyValueOutput> =>
      recorder.record('client', { method: 'get', key: 'x' }, () => store.get('x'))

    await put('0')
    const kept = link.keep()
    const ten = put('10')
    await kept
    marks.push({ atMs: nowMs(), text: 'the network keeps put(x, 10); it is sent again' })
    link.cutClients()
    await ten // Sent again over a new connection, and acknowledged.
    await put('20')
    await link.deliver()
    marks.push({ atMs: nowMs(), text: 'the first copy of put(x, 10) arrives' })
    const found = await get()
    const history = checkLinearizable(historyOf(events), keyValueModel)
    return { history, marks, value: 'value' in found ? found.value : undefined }
  } finally {
    await channel.close()
    link.close()
    server.kill()
  }
}
