/**
 * A file and everything it includes, read once each and checked bottom up.
 *
 * Invariant: a `Program` is answered only if none of its files has an error.
 */
import { check } from './checker.ts'
import { type Diagnostic, Reporter } from './diagnostic.ts'
import { parse } from './parser.ts'
import type { Include, Program } from './program.ts'
import type { Name } from './tree.ts'

/** Where sources come from; the only thing here that differs between a disk and a browser. */
export interface SourceHost {
  /** The text of a file; undefined if there is none. */
  read(file: string): string | undefined
  /** Where an included file may lie, best first: beside the including one, then along the include path. */
  resolve(from: string, literal: string): readonly string[]
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
    const reporter = new Reporter(file, this.diagnostics)
    const source = text ?? this.host.read(file)
    if (source === undefined) {
      reporter.error('no-such-file', { position: { line: 1, column: 1 }, length: 1 }, [`${file} cannot be read`])
      return undefined
    }
    this.sources.set(file, source)
    const tree = parse(source, reporter)
    this.open.push(file)
    const missing = new Map<string, Name>()
    const includes: Include[] = []
    for (const literal of tree.includes) {
      const program = this.include(literal, { file, reporter, missing })
      if (program !== undefined) includes.push({ literal: literal.text, program })
    }
    this.open.pop()
    const program = check(tree, { file, name: baseName(file), includes, missing, reporter })
    this.programs.set(file, program)
    return program
  }

  private include(
    literal: Name,
    from: { readonly file: string; readonly reporter: Reporter; readonly missing: Map<string, Name> },
  ): Program | undefined {
    for (const candidate of this.host.resolve(from.file, literal.text)) {
      const cycle = this.open.indexOf(candidate)
      if (cycle >= 0) {
        const chain = [...this.open.slice(cycle), candidate].join(' includes ')
        from.reporter.error('include-cycle', literal, [`recursion: ${chain}`, 'move what both need into a third file'])
        return undefined
      }
      if (this.programs.has(candidate)) return this.programs.get(candidate)
      const text = this.host.read(candidate)
      if (text !== undefined) return this.load(candidate, text)
    }
    from.missing.set(baseName(literal.text), literal)
    const looked = this.host.resolve(from.file, literal.text).join(', ')
    from.reporter.warning('no-such-include', literal, [`"${literal.text}" was not found`, `looked for ${looked}`])
    return undefined
  }
}

/** `a/b/shared.thrift` -> `shared`: what names from the file begin with. */
function baseName(file: string): string {
  return file.replace(/^.*[/\\]/, '').replace(/\.thrift$/, '')
}
