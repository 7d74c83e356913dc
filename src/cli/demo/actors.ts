/**
 * The demo's server and client as the parent sees them: started, listened to, killed.
 *
 * Invariant: the parent learns of them only what any parent could: lines on a pipe, files, and that they ended.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { isAlive, kill, start } from './processes.ts'

/** Each line that a stream says, as it comes. */
function onLines(stream: Readable, take: (line: string) => void): void {
  let held = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (held + chunk).split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
}

/** Starts a script whose complaints go into the file `errors`. */
function startWith(
  script: URL,
  args: readonly string[],
  stdio: (errors: number) => ('ignore' | 'pipe' | 'ipc' | number)[],
  errors: string,
): ChildProcess {
  const file = openSync(errors, 'a')
  const child = start(script, args, stdio(file))
  closeSync(file)
  return child
}

export class ServerActor {
  /** Where it listens; known once it has started. */
  readonly url: Promise<string>
  private readonly child: ChildProcess

  /** `onRan` learns of every debit that a handler made, and when (process.hrtime). */
  constructor(actors: URL, { file, errors, onRan }: { file: string; errors: string; onRan: (atNs: bigint) => void }) {
    const script = new URL('server.js', actors)
    this.child = startWith(script, [file], (fd) => ['ignore', 'pipe', fd, 'ipc', 'pipe'], errors)
    onLines(this.child.stdio[4] as Readable, (line) => onRan(BigInt(line)))
    this.url = new Promise((resolve, reject) => {
      onLines(this.child.stdout as Readable, resolve)
      this.child.once('exit', () =>
        reject(new Error(`the demo's server did not start: ${readFileSync(errors, 'utf8')}`)),
      )
    })
  }

  /** Resolves when the server knows. */
  async arm(what: 'slow' | 'inside'): Promise<void> {
    const armed = once(this.child, 'message')
    this.child.send(what)
    await armed
  }

  kill(): Promise<void> {
    return kill(this.child)
  }
}

export class ClientActor {
  private readonly child: ChildProcess
  private readonly errors: string

  constructor(actors: URL, { orders, errors }: { orders: object; errors: string }) {
    this.errors = errors
    const script = new URL('client.js', actors)
    this.child = startWith(script, [JSON.stringify(orders)], (fd) => ['pipe', 'ignore', fd], errors)
    this.child.stdin?.on('error', () => {}) // It was killed; who waits for it learns that from its exit.
  }

  /** Lets the client close its channel and end, as soon as it was told what it wants to know. */
  async end(): Promise<void> {
    this.child.stdin?.end()
    if (isAlive(this.child)) await once(this.child, 'exit')
    if (this.child.exitCode !== 0) throw new Error(`the demo's client failed: ${readFileSync(this.errors, 'utf8')}`)
  }

  kill(): Promise<void> {
    return kill(this.child)
  }
}
