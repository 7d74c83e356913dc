/**
 * What changed from one version of an IDL to the next, and what that breaks: diff-rules.ts says why.
 *
 * Invariant: comments, layout and order change nothing (but the order of arguments, which TypeScript has).
 */
import { compareStructs, type Context, isSameValue } from './diff-fields.ts'
import { type Files, Pairs } from './diff-pairs.ts'
import { type Change, Report, type Site, together, waysOf } from './diff-report.ts'
import type { RuleName } from './diff-rules.ts'
import { compareServices } from './diff-services.ts'
import { compareTypes } from './diff-types.ts'
import { printType } from './print.ts'
import type { Const, Definition, Enum, Program, Struct, Type } from './program.ts'

export type { Change, Site } from './diff-report.ts'
export type { Files } from './diff-pairs.ts'

/** All changes, in the order of the old files, what was added last. */
export function diff(old: Files, now: Files): readonly Change[] {
  return new Comparison(old, now).changes()
}

class Comparison {
  private readonly old: Files
  private readonly now: Files
  private readonly pairs: Pairs
  private readonly report = new Report()

  constructor(old: Files, now: Files) {
    this.old = old
    this.now = now
    this.pairs = new Pairs(old, now)
  }

  changes(): readonly Change[] {
    const [before, after] = [waysOf(this.old.values()), waysOf(this.now.values())]
    this.namespaces()
    for (const [old, now] of this.pairs.all()) {
      const ways = together(before.get(old), after.get(now))
      this.place(old, now)
      this.definitions(old, now, { pairs: this.pairs, report: this.report, ways })
    }
    for (const old of this.pairs.removed()) {
      const rule = { const: 'constant-removed', service: 'service-removed' } as const
      const name = old.kind === 'const' || old.kind === 'service' ? rule[old.kind] : 'type-removed'
      this.report.add(name, `${old.name}: ${old.kind} removed`, { old: siteOf(old), now: undefined })
    }
    for (const now of this.pairs.added())
      this.report.add('definition-added', `${now.name}: ${now.kind} added`, { old: undefined, now: siteOf(now) })
    return this.report.changes
  }

  private namespaces(): void {
    for (const [name, old] of this.old) {
      const now = this.now.get(name)
      if (now === undefined) continue
      for (const language of new Set([...old.namespaces.keys(), ...now.namespaces.keys()])) {
        const [was, is] = [old.namespaces.get(language), now.namespaces.get(language)]
        if (was === is) continue
        const rule = was === undefined ? 'namespace-added' : 'namespace-changed'
        const text = `namespace ${language}: ${was ?? 'none'} is now ${is ?? 'none'}`
        this.report.add(rule, text, { old: topOf(old), now: topOf(now) })
      }
    }
  }

  /** Another name, or another file. */
  private place(old: Definition, now: Definition): void {
    const at = { old: siteOf(old), now: siteOf(now) }
    if (old.name !== now.name) {
      const rule = old.kind === 'service' ? 'service-renamed' : 'type-renamed'
      this.report.add(rule, `${old.name}: now called ${now.name}`, at)
    }
    const [was, is] = [nameOf(this.old, old.program), nameOf(this.now, now.program)]
    if (was !== is) this.report.add('definition-moved', `${now.name}: now in ${is}`, at)
  }

  private definitions(old: Definition, now: Definition, context: Context): void {
    if (old.kind === 'service' && now.kind === 'service') return compareServices({ old, now, context })
    if (old.kind === 'const' && now.kind === 'const') return this.constants(old, now)
    if (old.kind === 'enum' && now.kind === 'enum') return this.enums(old, now, context)
    if (old.kind === 'typedef' && now.kind === 'typedef') {
      const [was, is] = [aliasOf(old), aliasOf(now)]
      if (compareTypes({ type: was }, { type: is }, this.pairs) === 'same') return
      const text = `${printType(old.type, old.program)} is now ${printType(now.type, now.program)}`
      return this.tell('typedef-changed', { old, now, context, text })
    }
    if (isStruct(old) && isStruct(now) && (old.kind === now.kind || (old.kind !== 'union' && now.kind !== 'union'))) {
      if (old.kind !== now.kind) {
        this.tell('exception-or-struct', { old, now, context, text: `${old.kind} is now ${now.kind}` })
      }
      return compareStructs(old, now, context)
    }
    this.tell('kind-changed', { old, now, context, text: `${old.kind} is now ${now.kind}` })
  }

  private constants(old: Const, now: Const): void {
    const at = { old: siteOf(old), now: siteOf(now) }
    const change = compareTypes({ type: old.type }, { type: now.type }, this.pairs)
    if (change !== 'same') {
      const text = `${printType(old.type, old.program)} is now ${printType(now.type, now.program)}`
      this.report.add('constant-type-changed', `${now.name}: ${text}`, at)
    } else if (!isSameValue(old.value, now.value))
      this.report.add('constant-changed', `${now.name}: has another value now`, at)
  }

  /** Members go by name; one whose name is new but whose number is not was renamed. */
  private enums(old: Enum, now: Enum, { ways }: Context): void {
    const wereThere = new Set(old.members.map(({ name }) => name))
    const added = new Set(now.members.filter(({ name }) => !wereThere.has(name)))
    for (const member of old.members) {
      const same = now.members.find(({ name }) => name === member.name)
      const heir = same ?? [...added].find(({ value }) => value === member.value)
      const at = { old: siteOf(old, member), now: siteOf(now, heir ?? now), ways }
      const label = `${now.name}.${member.name}`
      if (heir === undefined) this.report.add('member-removed', `${label}: member ${member.value} removed`, at)
      else if (same === undefined) {
        added.delete(heir)
        this.report.add('member-renamed', `${label}: now called ${heir.name}`, at)
      } else if (same.value !== member.value)
        this.report.add('member-renumbered', `${label}: ${member.value} is now ${same.value}`, at)
    }
    for (const member of added) {
      const at = { old: siteOf(old), now: siteOf(now, member), ways }
      this.report.add('member-added', `${now.name}.${member.name}: member ${member.value} added`, at)
    }
  }

  private tell(
    rule: RuleName,
    of: { readonly old: Definition; readonly now: Definition; readonly context: Context; readonly text: string },
  ): void {
    const { old, now, context, text } = of
    this.report.add(rule, `${now.name}: ${text}`, { old: siteOf(old), now: siteOf(now), ways: context.ways })
  }
}

function isStruct(definition: Definition): definition is Struct {
  return 'fields' in definition
}

function aliasOf(definition: Extract<Definition, { kind: 'typedef' }>): Type {
  return { kind: 'named', definition, annotations: new Map() }
}

function siteOf({ program, position }: Definition, member?: { readonly position: Site['position'] }): Site {
  return { program, position: member?.position ?? position }
}

function topOf(program: Program): Site {
  return { program, position: { line: 1, column: 1 } }
}

function nameOf(files: Files, program: Program): string | undefined {
  return [...files].find(([, one]) => one === program)?.[0]
}
