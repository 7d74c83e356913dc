/**
 * A server whose handlers end when the test says.
 */
import { onTestFinished } from 'vitest'
import { type CallOptions, createServer, type ServerOptions, type Service } from '../../src/index.ts'

export interface Slow {
  wait(name: string, options?: CallOptions<'at-most-once'>): Promise<string>
  tell(name: string, options?: CallOptions<'at-most-once'>): Promise<void>
}
const text = { scalar: 'string' } as const
export const Slow: Service<Slow, 'Slow'> = {
  name: 'Slow',
  methods: {
    wait: { delivery: 'at-most-once', arguments: { name: [1, text] }, returns: text },
    tell: { delivery: 'at-most-once', oneway: true, arguments: { name: [1, text] } },
  },
}

/** `end` ends the call of that name; `begun` has the names of those that began. */
export async function runSlow(options: ServerOptions = {}) {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const logged: string[] = []
  const server = createServer({
    log: (message, error) => void logged.push(`${message}: ${String(error)}`),
    ...options,
  })
  const wait = (name: string): Promise<string> => {
    begun.push(name)
    return new Promise((resolve) => ends.set(name, () => resolve(`${name} done`)))
  }
  server.add(Slow, { wait, tell: async (name) => void (await wait(name)) })
  const { url } = await server.listen('tcp://127.0.0.1:0')
  onTestFinished(() => server.close())
  return { url, server, begun, logged, end: (name: string) => ends.get(name)?.() }
}

/** Waits until it holds. */
export const eventually = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 2))
}
