/**
 * `oncewire proxy`: a faulty link in front of any service.
 */
import { createInterface, type Interface } from 'node:readline'
import type { Command } from 'commander'
import { seededRandom } from '../std/prng.ts'
import { didYouMean } from '../std/suggest.ts'
import { Dice } from './link/chances.ts'
import { FaultyLink } from './link/link.ts'
import { LinkReport } from './link/report.ts'
import { type Flags, placeOf, type Settings, settingsOf, textOfPlace } from './link/settings.ts'
import { described } from './link/units.ts'
import { exitCodes, say } from './terminal.ts'

const examples = `
A chance is between 0 and 1, or in percent: 0.01 is 1%. It counts for each frame of an Oncewire session or of framed Thrift;
elsewhere (HTTP, databases) for bytes that come together, which are delayed, cut and throttled, and never lost, repeated or
changed unless you ask for --corrupt.

While it runs, a word and Enter: good (no faults), bad (faults again), cut (every connection, now), partition (nothing passes,
nothing is lost, until good or bad), status.

Examples:
  $ oncewire proxy 9091 tcp://127.0.0.1:9090 --drop 1% --duplicate 1% --delay 5..50 --cut 0.1% --seed 7
  $ oncewire proxy 8081 http://127.0.0.1:8080 --cut 2% --bandwidth 64k
  $ oncewire proxy 5433 127.0.0.1:5432 --partition 20s,3s`

export function addFaultyLink(program: Command): void {
  program
    .command('proxy <listen> <target>')
    .description('a faulty link in front of any service: what goes through it is lost, repeated, delayed, cut')
    .option('--drop <chance>', 'a frame is lost')
    .option('--duplicate <chance>', 'a frame arrives twice')
    .option('--reorder <chance>', 'a frame goes behind the next one')
    .option('--late <chance>', 'a copy of a frame arrives much later, on whatever connection there is then')
    .option('--late-after <time>', 'how much later', '1s..10s')
    .option('--corrupt <chance>', 'one bit is changed')
    .option('--cut <chance>', 'the connection ends, inside the frame')
    .option('--half-open <chance>', 'nothing passes any more, and neither side is told')
    .option('--refuse <chance>', 'a new connection is reset at once')
    .option('--delay <time>', 'everything arrives later, in its order: 20, 5..50, 1s')
    .option('--bandwidth <bytes>', 'bytes a second, each way, for all connections together: 64k, 2m')
    .option('--partition <every,for>', 'every so often nothing passes for so long: 30s,5s')
    .option('--direction <way>', 'where faults strike: to-server, to-client or both', 'both')
    .option('--bytes', 'do not look for frames')
    .option('--seed <n>', 'decides what happens to which frame; random if absent')
    .option('--verbose', 'a line on stderr for each fault')
    .option('--json', 'one line of JSON at the beginning, and one at the end')
    .addHelpText('after', examples)
    .action(async (listen: string, target: string, flags: Flags) => {
      const settings = settingsOf(flags)
      const run = new LinkRun(settings, {
        listen,
        target,
        isJson: flags.json === true,
        isVerbose: flags.verbose === true,
      })
      process.exitCode = await run.play()
    })
}

interface Where {
  readonly listen: string
  readonly target: string
  readonly isJson: boolean
  readonly isVerbose: boolean
}

class LinkRun {
  private readonly settings: Settings
  private readonly where: Where
  private readonly dice: Dice
  private readonly link: FaultyLink
  private readonly report: LinkReport
  private isAway = false
  private timer: NodeJS.Timeout | undefined
  /** What the user said last. */
  private isOrderedParted = false

  constructor(settings: Settings, where: Where) {
    this.settings = settings
    this.where = where
    this.dice = new Dice(settings, ({ connection, isToServer, seen, bytes }, what) => {
      if (!where.isVerbose) return
      const frame = seen === undefined ? `${bytes.length} bytes` : described(bytes)
      say(`${new Date().toISOString()} connection ${connection} ${isToServer ? '->' : '<-'} ${what}: ${frame}`)
    })
    this.link = new FaultyLink({
      bytesPerSecond: settings.bytesPerSecond,
      isBytesOnly: settings.isBytesOnly,
      admits: (connection) => {
        this.report.connections++
        return this.dice.admits(connection)
      },
      onAway: (error) => this.away(error),
      onBytes: (count) => (this.report.bytes += count),
    })
    this.link.rule = this.dice.rule
    this.report = new LinkReport(this.dice, () => this.link.openCount)
  }

  async play(): Promise<number> {
    const { listen, target } = this.where
    this.link.pointAt(placeOf('TARGET', target))
    try {
      const url = await this.link.listen(placeOf('LISTEN', listen))
      this.began(url)
    } catch (error) {
      this.link.close()
      throw cannotListen(listen, error as NodeJS.ErrnoException)
    }
    const ending = this.ended()
    this.part()
    const ears = this.obey()
    this.report.begin()
    await ending
    clearTimeout(this.timer)
    ears.close()
    this.link.close()
    this.report.end()
    const { seed } = this.settings
    process.stdout.write(
      this.where.isJson ? `${JSON.stringify({ seed, ...this.report.figures() })}\n` : this.report.text(),
    )
    return exitCodes.ok
  }

  private began(url: string): void {
    const { seed } = this.settings
    const target = textOfPlace(placeOf('TARGET', this.where.target))
    if (this.where.isJson) process.stdout.write(`${JSON.stringify({ listening: url, target, seed })}\n`)
    else process.stdout.write(`${url} -> ${target}, seed ${seed}; Ctrl-C ends it\n`)
  }

  /** Ctrl-C, a signal, or the end of who started us with a channel. */
  private ended(): Promise<void> {
    return new Promise((resolve) => {
      // The command's own ending would leave no time for a summary.
      process.removeAllListeners('SIGINT')
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
      process.once('disconnect', () => resolve())
    })
  }

  private away(error: Error): void {
    this.report.away++
    if (this.isAway) return
    this.isAway = true
    const target = textOfPlace(placeOf('TARGET', this.where.target))
    say(`oncewire: ${target} cannot be reached (${error.message}); clients are reset until it can`)
    // Said once for each time that it goes away.
    setTimeout(() => (this.isAway = false), 5_000).unref()
  }

  /** At random moments, as often and as long as told on average. */
  private part(): void {
    const { partition, seed } = this.settings
    if (partition === undefined) return
    const random = seededRandom(seed)
    const next = (): void => {
      this.timer = setTimeout(
        () => {
          if (this.dice.isGood || this.isOrderedParted) return next()
          this.dice.count('partitioned')
          this.link.part()
          this.timer = setTimeout(
            () => {
              if (!this.isOrderedParted) this.link.heal()
              next()
            },
            partition.forMs * (0.5 + random()),
          )
        },
        partition.everyMs * (0.5 + random()),
      )
    }
    next()
  }

  /** What the user types. */
  private obey(): Interface {
    return createInterface({ input: process.stdin }).on('line', (line) => this.order(line.trim()))
  }

  private order(word: string): void {
    switch (word) {
      case '':
        return
      case 'good':
      case 'bad':
        this.dice.isGood = word === 'good'
        this.isOrderedParted = false
        return this.link.heal()
      case 'cut':
        this.dice.count('cut', this.link.openCount)
        return this.link.cut()
      case 'partition':
        this.dice.count('partitioned')
        this.isOrderedParted = true
        return this.link.part()
      case 'status':
        return say(this.where.isJson ? JSON.stringify(this.report.figures()) : this.report.line())
      default:
        say(`oncewire: there is no "${word}".${didYouMean(word, orders)} There are ${orders.join(', ')}.`)
    }
  }
}

const orders = ['good', 'bad', 'cut', 'partition', 'status']

function cannotListen(listen: string, error: NodeJS.ErrnoException): Error {
  const what =
    error.code === 'EADDRINUSE'
      ? 'another process has it: choose another, or 0 for any that is free'
      : error.code === 'EACCES'
        ? 'this user may not: choose a port from 1024'
        : error.message
  return new Error(`cannot listen on ${textOfPlace(placeOf('LISTEN', listen))}: ${what}`, { cause: error })
}
