/**
 * The demo's processes: started, listened to, killed with SIGKILL, started again.
 *
 * Invariant: every process started here is ended here, by its own handle.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Readable } from 'node:stream'

const living = new Set<ChildProcess>()

/** Ends whatever still runs. */
export function killAll(): void {
  for (const child of living) child.kill('SIGKILL')
}

function start(
  folder: URL,
  script: string,
  args: readonly string[],
  stdio: ('ignore' | 'pipe' | 'ipc')[],
): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, folder)), ...args], { stdio })
  living.add(child)
  child.on('exit', () => living.delete(child))
  return child
}

/** Everything a stream says, as it comes. */
function collect(stream: Readable | null | undefined): { text: string } {
  const said = { text: '' }
  stream?.setEncoding('utf8').on('data', (chunk: string) => (said.text += chunk))
  return said
}

/** Resolves when the process is gone. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

export class ServerActor {
  readonly url: string
  private readonly child: ChildProcess
  private readonly errors: { text: string }

  private constructor(child: ChildProcess, url: string, errors: { text: string }) {
    this.child = child
    this.url = url
    this.errors = errors
  }

  /** Resolves when the server listens. */
  static async start(folder: URL, file: string): Promise<ServerActor> {
    const child = start(folder, 'server.js', [file], ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'])
    const errors = collect(child.stderr)
    const url = await new Promise<string>((resolve, reject) => {
      let said = ''
      child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk
        if (said.includes('\n')) resolve(said.trim())
      })
      child.once('exit', () => reject(new Error(`the demo's server did not start: ${errors.text}`)))
    })
    return new ServerActor(child, url, errors)
  }

  /** Resolves when the server knows. */
  async arm(what: 'slow' | 'inside' | 'nothing'): Promise<void> {
    const armed = once(this.child, 'message')
    this.child.send(what)
    await armed
  }

  /** Resolves when a handler has stopped inside. */
  async inside(): Promise<void> {
    await once(this.child.stdio[4] as Readable, 'data')
  }

  get said(): string {
    return this.errors.text
  }

  kill(): Promise<void> {
    return kill(this.child)
  }
}

export class ClientActor {
  private readonly child: ChildProcess
  private readonly errors: { text: string }

  constructor(folder: URL, orders: object) {
    this.child = start(folder, 'client.js', [JSON.stringify(orders)], ['ignore', 'ignore', 'pipe'])
    this.errors = collect(this.child.stderr)
  }

  /** Resolves when the client has ended, or was killed. */
  async ended(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit')
    if (this.child.exitCode !== null && this.child.exitCode !== 0)
      throw new Error(`the demo's client failed: ${this.errors.text}`)
  }

  kill(): Promise<void> {
    return kill(this.child)
  }
}
