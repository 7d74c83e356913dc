/**
 * Goal: what the documents show is true. Method: the README's service is generated and type-checked as it stands there, its terminal is typed; the
 * bytes in docs/protocol.md are decoded.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { catalogOf } from '../src/driver/idl-disk.ts'
import { createServer, type Server } from '../src/index.ts'
import { memoryLedger } from '../src/ledger/memory.ts'
import { decodeFrame } from '../src/once/frame-bytes.ts'
import { temporaryFolder } from './support/bank.ts'
import { git, mustBeBuilt, oncewire, root, startOncewire } from './support/cli.ts'

test('the service of the README compiles, in an empty project, under every strict flag', async () => {
  mustBeBuilt()
  const folder = await temporaryFolder()
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const files = [...readme.matchAll(/^```\w+\n(\/\/ (\w+\.(?:thrift|ts))\b.*?)^```/gms)]
  for (const [, text, name] of files) writeFileSync(join(folder, name as string), text as string)
  expect(files.map(([, , name]) => name)).toEqual(['bank.thrift', 'server.ts', 'client.ts'])
  const generated = oncewire(folder, 'generate', 'bank.thrift', '--out', 'gen')
  expect(generated.stdout, generated.stderr).toBe('gen/bank.ts\n')

  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules', 'oncewire'))
  symlinkSync(join(root, 'node_modules', '@types'), join(folder, 'node_modules', '@types'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const strict = { noEmit: true, declaration: false, isolatedDeclarations: false }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions: strict, include: ['*.ts', 'gen'] }),
  )
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
  expect({ stdout, status }).toEqual({ stdout: '', status: 0 })
}, 60_000)

/** The commands of a `console` block with what they print, `$?` at the end as the shell would print it. */
function commandsIn(text: string): readonly (readonly [words: readonly string[], printed: string])[] {
  return text
    .split(/^\$ oncewire /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n')
      const words =
        part
          .slice(0, end)
          .replace('; echo $?', ' ;')
          .match(/'[^']*'|\S+/g) ?? []
      return [words.map((word) => word.replace(/^'(.*)'$/, '$1')), part.slice(end + 1)]
    })
}

test('the terminal of the README prints what it shows', async () => {
  mustBeBuilt()
  const folder = await temporaryFolder()
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  writeFileSync(join(folder, 'bank.thrift'), /^```thrift\n(.*?)^```/ms.exec(readme)?.[1] ?? '')
  const service = catalogOf(join(folder, 'bank.thrift')).services.get('Bank') ?? expect.fail('no Bank')
  const [, short] = service.methods['debit']?.throws?.['short'] ?? expect.fail('it throws nothing')
  let balance = 5000n
  const debit = (_: string, cents: bigint): bigint => {
    if (balance < cents) throw new short({ balance } as never)
    return (balance -= cents)
  }
  const server: Server<unknown> = createServer({ ledger: memoryLedger() })
  onTestFinished(() => server.close())
  server.add(service as never, { balance: () => balance, debit } as never)
  const { url } = await server.listen('tcp://127.0.0.1:0')
  const commands = commandsIn(/^```console\n(.*?)^```/ms.exec(readme)?.[1] ?? '')
  expect(commands.length).toBeGreaterThan(3)
  for (const [words, printed] of commands) {
    const isCoded = words.at(-1) === ';'
    const args = words.filter((word) => word !== ';').map((word) => word.replace('tcp://127.0.0.1:9090', url))
    const { code, stdout, stderr } = await startOncewire(folder, args).ended
    expect(`${stdout}${stderr}${isCoded ? `${code}\n` : ''}`, words.join(' ')).toBe(printed)
  }
})

test('so it is in a repository whose service has changed', async () => {
  mustBeBuilt()
  const folder = await temporaryFolder()
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const bank = /^```thrift\n(.*?)^```/ms.exec(readme)?.[1] ?? ''
  git(folder, 'init', '--quiet')
  writeFileSync(join(folder, 'bank.thrift'), bank)
  git(folder, 'add', '.')
  git(folder, 'commit', '--quiet', '--message', 'one')
  writeFileSync(join(folder, 'bank.thrift'), bank.replace('"exactly-once"', '"at-most-once"'))
  const [, block] = [...readme.matchAll(/^```console\n(.*?)^```/gms)]
  const commands = commandsIn(block?.[1] ?? '')
  expect(commands).toHaveLength(2)
  for (const [words, printed] of commands) {
    const isCoded = words.at(-1) === ';'
    const args = words.filter((word) => word !== ';')
    const { code, stdout, stderr } = oncewire(folder, ...args)
    expect(`${stdout}${stderr}${isCoded ? `${code}\n` : ''}`).toBe(printed)
  }
})

test('the bytes in docs/protocol.md are the call that stands above them', () => {
  const text = readFileSync(join(root, 'docs', 'protocol.md'), 'utf8')
  const lines = [...text.matchAll(/^((?:[0-9a-f]{2} )+) {2}/gm)].map(([, hex]) => hex as string)
  const bytes = Uint8Array.from(Buffer.from(lines.join('').replaceAll(' ', ''), 'hex'))
  const body = bytes.subarray(4)
  expect(new DataView(bytes.buffer).getUint32(0)).toBe(body.length)
  expect(decodeFrame(body)).toMatchObject({
    kind: 'call',
    number: 2 ** 32 + 1,
    firstUnacked: 2 ** 32 + 1,
    epoch: 1,
    delivery: 'exactly-once',
    attempt: 1,
    leftMs: 2000,
    method: 'Bank.debit',
    idempotencyKey: 'order-42',
  })
})
