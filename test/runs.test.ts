/**
 * Goal: a resumable run killed at any entry of its journal goes on where it was (protocol section 4, H9): what is
 * exactly-once happens once, what was shown is shown again, and another path is named. Method: lives of a client, each
 * ended at one more entry than the last, against one server; then the stories of the model.
 */
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect, createServer } from '../src/index.ts'
import type { CallOptions, OncewireError, Run, Service } from '../src/index.ts'
import { memoryLedger } from '../src/ledger/memory.ts'
import type { JournalEntry } from '../src/once/journal.ts'
import { runBank, temporaryFolder } from './support/bank.ts'
import { Bank } from '../examples/bank/gen/bank.ts'
import { live } from './support/life.ts'

interface Shop {
  pay(what: string, options?: CallOptions<'exactly-once'>): Promise<string>
  pack(what: string, options?: CallOptions<'at-most-once'>): Promise<string>
  look(what: string, options?: CallOptions<'at-least-once'>): Promise<string>
}
const text = { scalar: 'string' } as const
const Shop: Service<Shop, 'Shop'> = {
  name: 'Shop',
  methods: {
    pay: { delivery: 'exactly-once', arguments: { what: [1, text] }, returns: text },
    pack: { delivery: 'at-most-once', arguments: { what: [1, text] }, returns: text },
    look: { delivery: 'at-least-once', arguments: { what: [1, text] }, returns: text },
  },
}

let shops = 0

/** A shop that notes what it does; `delayMs` slows what it is told to. */
async function openShop(delayMs: (what: string) => number = () => 0) {
  const done: string[] = []
  const ledger = memoryLedger()
  const server = createServer({ ledger })
  const act = (what: string): string => {
    done.push(what)
    return `${what} done`
  }
  const slowly = async (what: string): Promise<string> => {
    await new Promise((resolve) => setTimeout(resolve, delayMs(what)))
    return act(what)
  }
  server.add(Shop, { pay: act, pack: slowly, look: slowly })
  const { url } = await server.listen(`memory:shop-${++shops}`)
  onTestFinished(() => server.close())
  return { url, done, server }
}

/** Lives until one is not killed; the first dies after `dieAfter` entries. Answers how the last ended, and how many there were. */
async function liveOn<R>(
  url: string,
  { dieAfter, torn }: { dieAfter: number; torn: number },
  body: (run: Run) => Promise<R>,
) {
  const first = await live({ url, entries: [], dieAfter, torn }, body)
  if (first.end !== undefined) return { ...first, hasDied: false }
  const second = await live({ url, entries: first.entries, dieAfter: Infinity, torn: 0 }, body)
  return { ...second, hasDied: true }
}

/** Every entry of the journal, and every entry of the life after that. */
async function everyDeath(act: (death: { dieAfter: number; torn: number }) => Promise<boolean>): Promise<number> {
  for (let dieAfter = 1; ; dieAfter++) {
    for (const torn of [0, 1]) if (!(await act({ dieAfter, torn }))) return dieAfter
  }
}

describe('killed at every entry', () => {
  test('three calls and a clock: each happens once, and the second life says what the first saw', async () => {
    let deaths = 0
    const count = await everyDeath(async (death) => {
      const { url, done } = await openShop()
      const seen: number[] = []
      let clock = 0
      const { end, hasDied } = await liveOn(url, death, async (run) => {
        const shop = run.client(Shop)
        const paid = await shop.pay('a')
        const atMs = await run.step('clock', () => ++clock)
        seen.push(atMs)
        const packed = await shop.pack(`box of ${paid}`)
        const looked = await shop.look('b')
        return [paid, atMs, packed, looked, await shop.pay(`c at ${atMs}`)]
      })
      const atMs = seen.at(-1)
      expect(end, JSON.stringify(death)).toEqual({
        value: ['a done', atMs, 'box of a done done', 'b done', `c at ${atMs} done`],
      })
      expect(seen.every((time) => time === atMs)).toBe(true)
      const times = (what: string): number => done.filter((one) => one === what).length
      expect([times('a'), times('box of a done'), times(`c at ${atMs}`)]).toEqual([1, 1, 1])
      expect(times('b')).toBeGreaterThanOrEqual(1)
      if (hasDied) deaths++
      return hasDied
    })
    expect(count).toBeGreaterThan(8)
    expect(deaths).toBeGreaterThan(16)
  })

  test('two branches at once, the second one faster: the same steps in the same order', async () => {
    await everyDeath(async (death) => {
      const { url, done } = await openShop((what) => (what === 'A1' ? 20 : 0))
      const { end, hasDied } = await liveOn(url, death, async (run) => {
        const shop = run.client(Shop)
        const branch = async (name: string): Promise<string> => {
          await shop.pack(`${name}1`)
          return await shop.pay(`${name}2`)
        }
        return await Promise.all([branch('A'), branch('B')])
      })
      expect(end, JSON.stringify(death)).toEqual({ value: ['A2 done', 'B2 done'] })
      expect(done.toSorted()).toEqual(['A1', 'A2', 'B1', 'B2'])
      return hasDied
    })
  })

  test('a branch that waits by itself between its steps is waited for', async () => {
    await everyDeath(async (death) => {
      const { url, done } = await openShop((what) => ({ B1: 30, A2: 40 })[what] ?? 0)
      const { end, hasDied } = await liveOn(url, death, async (run) => {
        const shop = run.client(Shop)
        const waiting = async (): Promise<string> => {
          await shop.pack('A1')
          await new Promise((resolve) => setTimeout(resolve, 10))
          return await shop.pack('A2')
        }
        const slow = async (): Promise<string> => {
          await shop.pack('B1')
          return await shop.pay('B2')
        }
        return await Promise.all([waiting(), slow()])
      })
      expect(end, JSON.stringify(death)).toEqual({ value: ['A2 done', 'B2 done'] })
      expect(done.toSorted()).toEqual(['A1', 'A2', 'B1', 'B2'])
      return hasDied
    })
  })

  test('an unknown that the function saw is shown again, though the call ended meanwhile', async () => {
    await everyDeath(async (death) => {
      const { url, done } = await openShop((what) => (what === 'slow' ? 60 : 0))
      const { end, hasDied } = await liveOn(url, death, async (run) => {
        const shop = run.client(Shop)
        const error = await shop.pack('slow', { deadlineMs: 15 }).then(
          () => undefined,
          (thrown: OncewireError) => thrown,
        )
        if (error === undefined) return await shop.pay('ship')
        expect(error).toMatchObject({ code: 'deadline', executed: 'unknown' })
        const executed = await error.resolved
        return await shop.pay(executed === 'once' ? 'refund' : 'again')
      })
      expect(done.filter((what) => what === 'slow').length).toBeLessThanOrEqual(1)
      expect(
        done.filter((what) => what !== 'slow'),
        JSON.stringify(death),
      ).toHaveLength(1)
      expect(end).toEqual({ value: `${done.find((what) => what !== 'slow')} done` })
      return hasDied
    })
  })
})

describe('another path', () => {
  async function twice(first: (run: Run) => Promise<unknown>, then: (run: Run) => Promise<unknown>) {
    const { url, done } = await openShop()
    const { entries } = await live({ url, entries: [], dieAfter: Infinity, torn: 0 }, first)
    const { end } = await live({ url, entries, dieAfter: Infinity, torn: 0 }, then)
    return { error: (end as { error?: OncewireError }).error, value: (end as { value?: unknown }).value, done }
  }

  test('another method, other arguments, another kind of step, a step left out: named, and nothing more is done', async () => {
    const first = async (run: Run): Promise<string> => {
      await run.step('dice', () => 4)
      return await run.client(Shop).pay('a')
    }
    for (const [then, words] of [
      [
        async (run: Run) => (await run.step('dice', () => 5), run.client(Shop).look('a')),
        /was Shop\.pay .* is now Shop\.look/,
      ],
      [
        async (run: Run) => (await run.step('dice', () => 5), run.client(Shop).pay('b')),
        /Shop\.pay .* other arguments/,
      ],
      [async (run: Run) => run.client(Shop).pay('a'), /step 0 .* was step "dice" .* is now Shop\.pay/],
      [async (run: Run) => run.step('dice', () => 5), /did not come to its step 1 again, which was Shop\.pay/],
    ] as const) {
      const { error, done } = await twice(first, then)
      expect(error).toMatchObject({ code: 'non-deterministic-run', executed: 'never' })
      expect(error?.message).toMatch(words)
      expect(done).toEqual(['a'])
    }
  })

  test('a function that catches the error is stopped all the same', async () => {
    const { error, done } = await twice(
      (run) => run.client(Shop).pay('a'),
      async (run) => {
        await run
          .client(Shop)
          .pay('b')
          .catch(() => {})
        await run
          .client(Shop)
          .pay('c')
          .catch(() => {})
        return 'went on'
      },
    )
    expect(error).toMatchObject({ code: 'non-deterministic-run' })
    expect(done).toEqual(['a'])
  })

  test('a finished run answers from the journal, and forgets when it is told to', async () => {
    const once = (run: Run): Promise<string> => run.client(Shop).pay('a')
    expect(await twice(once, once)).toMatchObject({ value: 'a done', done: ['a'] })
    const forgetting = async (run: Run): Promise<string> => {
      run.forget()
      return await once(run)
    }
    expect(await twice(forgetting, once)).toMatchObject({ value: 'a done', done: ['a', 'a'] })
  })
})

describe('on a real channel', () => {
  test('errors of steps, exceptions of the IDL included, are shown again; a name runs once at a time', async () => {
    const { url, folder } = await runBank()
    const story = async (run: Run): Promise<string> => {
      const bank = run.client(Bank)
      const short = await bank.debit('nobody', 1n).catch((error: unknown) => (error as Error).name)
      const thrown = await run.step('fails', () => Promise.reject(new TypeError('no'))).catch((error: unknown) => error)
      expect(thrown).toBeInstanceOf(TypeError)
      return `${String(short)} ${String((thrown as Error).message)}`
    }
    for (let life = 0; life < 2; life++) {
      const channel = await connect(url, { journal: join(folder, 'client.journal') })
      const running = channel.run('checkout:42', story)
      await expect(channel.run('checkout:42', story)).rejects.toMatchObject({
        code: 'still-running',
        executed: 'never',
      })
      expect(await running).toBe('InsufficientFunds no')
      await expect(channel.run('', story)).rejects.toMatchObject({ code: 'invalid-argument' })
      await channel.close()
      await expect(channel.run('late', story)).rejects.toMatchObject({ code: 'closed', executed: 'never' })
    }
  })

  test('a step that is open when the channel closes is told closed, and goes on in the next', async () => {
    const { url, done } = await openShop((what) => (what === 'slow' ? 100 : 0))
    const file = join(await temporaryFolder(), 'client.journal')
    const story = (run: Run): Promise<string> => run.client(Shop).pack('slow')
    const first = await connect(url, { journal: file })
    const running = first.run('r', story)
    running.catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 30))
    await first.close()
    await expect(running).rejects.toMatchObject({ code: 'closed', executed: 'unknown' })
    const second = await connect(url, { journal: file })
    expect(await second.run('r', story)).toBe('slow done')
    expect(done).toEqual(['slow'])
    await second.close()
  })

  // The chaos run found it: the step had the number of the channel's first call, and was cancelled with it.
  test('a cancelled call takes no step of a run with it', async () => {
    const { url } = await openShop((what) => (what === 'now' ? 0 : 100))
    const channel = await connect(url, { journal: join(await temporaryFolder(), 'client.journal') })
    await channel.client(Shop).pack('now')
    const running = channel.run('r', (run: Run) => run.client(Shop).pack('a step'))
    const given = new AbortController()
    const call = channel.client(Shop).pack('a call', { signal: given.signal })
    await new Promise((resolve) => setTimeout(resolve, 30))
    given.abort()
    await expect(call).rejects.toMatchObject({ code: 'cancelled' })
    expect(await running).toBe('a step done')
    await channel.close()
  })

  test('what cannot be copied is named', async () => {
    const { url } = await openShop()
    const { end } = await live({ url, entries: [] as JournalEntry[], dieAfter: Infinity, torn: 0 }, (run) =>
      run.step('socket', () => () => {}),
    )
    expect((end as { error: Error }).error.message).toMatch(/step "socket" gave what cannot be written down/)
  })
})
