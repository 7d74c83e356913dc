/**
 * Goal: what the documents show is true. Method: the README's service is generated and type-checked as it stands there; the
 * bytes in docs/protocol.md are decoded.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeFrame } from '../src/once/frame-bytes.ts'
import { temporaryFolder } from './support/bank.ts'
import { mustBeBuilt, oncewire, root } from './support/cli.ts'

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
