/**
 * The store under kill -9, its history checked and drawn: `npm run example:kv`. With `-- --at-least-once`, `--at-most-once`
 * or `--exactly-once`: put(x, 10), put(x, 20), and a late copy of the first, under that delivery.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { drawHistory, keyValueModel, type Mark } from 'oncewire/sim'
import { playLateCopy, services } from './late-copy.ts'
import { type KeyValueVerdict, playUnderFire } from './under-fire.ts'

const deliveries = Object.keys(services) as (keyof typeof services)[]
const flag = { type: 'boolean', default: false } as const
const { values } = parseArgs({
  options: {
    'at-least-once': flag,
    'at-most-once': flag,
    'exactly-once': flag,
    seconds: { type: 'string', default: '4' },
    out: { type: 'string', default: '.' },
  },
})

const folder = mkdtempSync(join(tmpdir(), 'oncewire-kv-'))
try {
  const delivery = deliveries.find((one) => values[one])
  if (delivery === undefined) {
    const { history, kills } = await playUnderFire(folder, Number(values.seconds) * 1000)
    console.log(
      `${history.calls} calls of 4 clients, the server killed ${kills} times, ${history.unknown} outcomes unknown`,
    )
    show(history, 'kv-history.html', 'Four clients, a server killed with -9')
    if (history.verdict !== 'ok') process.exitCode = 1
  } else {
    const { history, marks, value } = await playLateCopy(delivery, folder)
    console.log(`put(x, 10), put(x, 20), and a late copy of the first, ${delivery}: x is ${value}`)
    show(history, `kv-${delivery}.html`, `put(x, 10), put(x, 20), and a late copy of the first, ${delivery}`, marks)
  }
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
}

function show(history: KeyValueVerdict, file: string, title: string, marks: readonly Mark[] = []): void {
  const path = join(values.out, file)
  writeFileSync(path, drawHistory(history, keyValueModel, { title, marks }))
  const said = { ok: 'linearizable', violated: 'NOT linearizable', undecided: 'not decided' }[history.verdict]
  console.log(`${said}; drawn in ${path}`)
}
