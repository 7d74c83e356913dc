/**
 * A file and everything it includes, read once each and checked bottom up.
 *
 * Invariant: a `Program` is answered only if none of its files has an error.
 */
import { check } from './checker.ts'
import { type Diagnostic, isBefore, Reporter } from './diagnostic.ts'
import { parse } from './parser.ts'
import type { Include, Program } from './program.ts'
import type { Name } from './tree.ts'

/** Where sources come from; the only thing here that differs between a disk and a browser. */
export interface SourceHost {
  /** The text of a file; undefined if there is none. */
  read(file: string): string | undefined
  /** Where an included file may lie, best first: beside the including one, then along the include path. */
  resolve(from: string, literal: string): readonly string[]
  /** What may have been meant by an include that was not found, as it would be written. */
  alike?(from: string, literal: string): string | undefined
}

export interface Loaded {
  /** undefined where anything has an error. */
  readonly program: Program | undefined
  readonly diagnostics: readonly Diagnostic[]
  /** Texts of all files that were read. */
  readonly sources: ReadonlyMap<string, string>
}

export function loadProgram(file: string, host: SourceHost): Loaded {
  const loader = new Loader(host)
  const program = loader.load(file)
  const hasErrors = loader.diagnostics.some(({ severity }) => severity === 'error')
  return { program: hasErrors ? undefined : program, diagnostics: loader.diagnostics, sources: loader.sources }
}

/** Files that include each other in a row; each is a level of the stack. */
const openMax = 200

/** Loads several files; those that two of them include are one program. */
export class Loader {
  readonly diagnostics: Diagnostic[] = []
  readonly sources: Map<string, string> = new Map()
  private readonly host: SourceHost
  private readonly programs = new Map<string, Program>()
  /** Files whose includes are being read, outermost first. */
  private readonly open: string[] = []

  constructor(host: SourceHost) {
    this.host = host
  }

  /** undefined if there is no such file; whether it has errors, `diagnostics` says. */
  load(file: string, text?: string): Program | undefined {
    const known = this.programs.get(file)
    if (known !== undefined) return known
    const reporter = new Reporter(file, [])
    const source = text ?? this.host.read(file)
    if (source === undefined) {
      reporter.error('no-such-file', { position: { line: 1, column: 1 }, length: 1 }, [`${file} cannot be read`])
      this.diagnostics.push(...reporter.diagnostics)
      return undefined
    }
    this.sources.set(file, source)
    const tree = parse(source, reporter)
    this.open.push(file)
    const { includes, missing } = this.includes(tree.includes, { file, reporter })
    this.open.pop()
    const program = check(tree, { file, name: baseName(file), includes, missing, reporter })
    this.programs.set(file, program)
    for (const diagnostic of reporter.diagnostics.sort((a, b) =>
      isBefore(a.position, b.position) ? -1 : isBefore(b.position, a.position) ? 1 : 0,
    ))
      this.diagnostics.push(diagnostic)
    return program
  }

  private includes(literals: readonly Name[], from: Including): { includes: Include[]; missing: Map<string, Name> } {
    const includes: Include[] = []
    const missing = new Map<string, Name>()
    for (const literal of literals) {
      const program = this.include(literal, from)
      if (program === 'missing') missing.set(baseName(literal.text), literal)
      if (program === 'missing' || program === undefined) continue
      const twin = includes.find((include) => include.program.name === program.name)
      if (twin === undefined) includes.push({ literal: literal.text, program })
      else if (twin.program === program)
        from.reporter.warning('repeated-include', literal, [`${program.name} is included before`, 'remove this line'])
      else {
        includes.push({ literal: literal.text, program })
        from.reporter.warning('ambiguous-include', literal, [
          `"${twin.literal}" too is called ${program.name}: of names that both have, those of this file count`,
          'give one of the files another name',
        ])
      }
    }
    return { includes, missing }
  }

  private include(literal: Name, { file, reporter }: Including): Program | 'missing' | undefined {
    if (literal.text === '') {
      reporter.error('no-such-include', literal, ['this include names no file'])
      return undefined
    }
    const candidates = this.host.resolve(file, literal.text)
    for (const candidate of candidates) {
      const cycle = this.open.indexOf(candidate)
      if (cycle >= 0) {
        const chain = [...this.open.slice(cycle), candidate].join(' includes ')
        reporter.error('include-cycle', literal, [`recursion: ${chain}`, 'move what both need into a third file'])
        return undefined
      }
      if (this.programs.has(candidate)) return this.programs.get(candidate)
      const text = this.host.read(candidate)
      if (text === undefined) continue
      if (this.open.length < openMax) return this.load(candidate, text)
      reporter.error('too-deep', literal, [
        `this is include ${openMax} in a row`,
        'include fewer files from each other',
      ])
      return undefined
    }
    const alike = this.host.alike?.(file, literal.text)
    reporter.warning('no-such-include', literal, [
      `"${literal.text}" was not found`,
      alike === undefined ? `looked for ${candidates.join(', ')}` : `did you mean "${alike}"?`,
    ])
    return 'missing'
  }
}

interface Including {
  readonly file: string
  readonly reporter: Reporter
}

/** `a/b/shared.thrift` -> `shared`: what names from the file begin with. */
function baseName(file: string): string {
  return file.replace(/^.*[/\\]/, '').replace(/(?<=.)\.[^.]*$/, '')
}
