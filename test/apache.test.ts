/**
 * Goal: what Apache's compiler accepts ours accepts, and what it refuses ours refuses, but for differences that we decided.
 * Method: each probe of the grammar is given to Apache's compiler, where the machine has one: `thrift` on the PATH, or those
 * that THRIFT_COMPILER names (with ":" between them). A difference that is not listed fails, and so does a listed one that
 * is none any more. Today's compiler also judges probes with a word left out, doubled or exchanged; MUTANTS says how many.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Diagnostic } from '../src/idl/diagnostic.ts'
import { type ApacheCompiler, apacheCompilers, askApache } from './support/apache.ts'
import { decidedDifferences, explanation } from './support/apache-differences.ts'
import { mutants } from './support/mutants.ts'
import { loadText, type Probe, probes } from './support/probes.ts'

const compilers = apacheCompilers()

/** Titles of the probes about which the compiler says the opposite of ours. */
async function differing(compiler: ApacheCompiler, all: readonly (readonly [Probe, boolean])[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'oncewire-probes-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const queue = [...all.entries()]
  const found: string[] = []
  const ask = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [n, [{ title, files }, isAccepted]] = next
      for (const [name, text] of files) {
        const path = join(folder, String(n), name)
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, text)
      }
      // It loops for ever over comments and strings without an end.
      const verdict = await askApache(compiler, join(folder, String(n), 'main.thrift'), { timeoutMs: 1000 })
      if (verdict.isAccepted !== isAccepted) found.push(title)
    }
  }
  await Promise.all([ask(), ask()])
  return found.sort()
}

describe('Apache Thrift’s compiler', () => {
  if (compilers.length === 0) {
    test('is not on this machine', () => {
      console.log('No Apache Thrift compiler: apt-get install thrift-compiler, or name one in THRIFT_COMPILER.')
      expect(compilers).toEqual([])
    })
  }

  for (const compiler of compilers.filter(({ version }) => version.startsWith('0.25.'))) {
    test(`${compiler.version} says the same of texts that are nearly right`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'oncewire-mutants-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      await fc.assert(
        fc.asyncProperty(mutants, async ({ text }) => {
          writeFileSync(join(folder, 'main.thrift'), text)
          const verdict = await askApache(compiler, join(folder, 'main.thrift'), { timeoutMs: 2000 })
          const errors = loadText(text).diagnostics.filter(({ severity }) => severity === 'error')
          const lineOf = ({ position }: Diagnostic): string => text.split('\n')[position.line - 1] ?? ''
          if (explanation(verdict, errors, lineOf) !== undefined) return
          const told = `Apache's: ${verdict.said || 'accepted'}; ours: ${errors[0]?.message ?? 'accepted'}\n${text}`
          expect(errors.length === 0, told).toBe(verdict.isAccepted)
        }),
        { numRuns: Number(process.env['MUTANTS'] ?? 200) },
      )
    }, 600_000)
  }

  for (const compiler of compilers) {
    test(`${compiler.version} says the same of every probe, but where we decided otherwise`, async () => {
      const decided = decidedDifferences(compiler.version)
      if (decided === undefined)
        return console.log(`${compiler.path} is ${compiler.version}: decided differences are listed for 0.17 and 0.25.`)
      const all = (['accept', 'reject'] as const).flatMap((file) =>
        probes(file).map((probe) => [probe, file === 'accept'] as const),
      )
      expect(await differing(compiler, all)).toEqual(decided.flatMap((difference) => difference.probes).sort())
    }, 60_000)
  }
})
