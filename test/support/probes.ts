/**
 * Small IDL texts, one a corner of the grammar, each with what the compiler says of it.
 *
 * In `test/probes/*.txt` a probe begins with `=== title`; then its text, in which ⟦0D⟧ is the character U+000D and
 * `@@ x.thrift` begins another file, `@@ main` the probe's own again; then a line `--- ` for each error and warning.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Diagnostic } from '../../src/idl/diagnostic.ts'
import { type Loaded, loadProgram } from '../../src/idl/load.ts'

export interface Probe {
  readonly title: string
  /** By name; its own is `main.thrift`. */
  readonly files: ReadonlyMap<string, string>
  /** `main.thrift` of it. */
  readonly text: string
  /** What the compiler is to say, a line for each. */
  readonly expected: readonly string[]
}

export type ProbeFile = 'accept' | 'reject'

const pathOf = (file: ProbeFile): string => join(import.meta.dirname, '../probes', `${file}.txt`)

export function probes(file: ProbeFile): readonly Probe[] {
  return readFileSync(pathOf(file), 'utf8')
    .split(/^=== /m)
    .slice(1)
    .map((section) => {
      const [title = '', ...lines] = section.replace(/\n$/, '').split('\n')
      const isExpected = (line: string): boolean => line.startsWith('--- ')
      const files = filesOf(lines.filter((line) => !isExpected(line)))
      return {
        title,
        files,
        text: files.get('main.thrift') ?? '',
        expected: lines.filter(isExpected).map((line) => line.slice(4)),
      }
    })
}

function filesOf(lines: readonly string[]): Map<string, string> {
  const files = new Map<string, string[]>([['main.thrift', []]])
  let into = files.get('main.thrift') as string[]
  for (const line of lines) {
    const name = /^@@ (\S+)$/.exec(line)?.[1]?.replace(/^main$/, 'main.thrift')
    if (name === undefined) into.push(line)
    else files.set(name, (into = files.get(name) ?? []))
  }
  return new Map([...files].map(([name, text]) => [name, unescaped(text.join('\n'))]))
}

function unescaped(text: string): string {
  return text.replace(/⟦([0-9A-F]+)⟧/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
}

/** Compiles a probe, or any text, without a disk. */
export function loadText(text: string, files: ReadonlyMap<string, string> = new Map()): Loaded {
  const read = (file: string): string | undefined => (file === 'main.thrift' ? text : files.get(file))
  return loadProgram('main.thrift', { read, resolve: (_from, literal) => [literal] })
}

export function load(probe: Probe): Loaded {
  return loadText(probe.text, probe.files)
}

/** `1:7 error unknown-type: there is no type "X" = did you mean Y?`; the file only where it is not the probe's own. */
export function lineOf({ file, position, severity, code, message, suggestion }: Diagnostic): string {
  const place = `${file === 'main.thrift' ? '' : `${file}:`}${position.line}:${position.column}`
  return `${place} ${severity} ${code}: ${message}${suggestion === undefined ? '' : ` = ${suggestion}`}`
}

/** Writes what the compiler says now beside each probe of a file. */
export function updateProbes(file: ProbeFile): void {
  const all = probes(file)
  const sections = readFileSync(pathOf(file), 'utf8').split(/^(?==== )/m)
  const texts = sections.map((section) => {
    const index = sections.indexOf(section) - (sections.length - all.length)
    const probe = all[index]
    if (probe === undefined) return section
    const kept = section
      .replace(/\n$/, '')
      .split('\n')
      .filter((line) => !line.startsWith('--- '))
    return `${[...kept, ...load(probe).diagnostics.map((one) => `--- ${lineOf(one)}`)].join('\n')}\n`
  })
  writeFileSync(pathOf(file), texts.join(''))
}
