/**
 * What was found, and whom it concerns: data that clients send, that servers answer, or that is stored.
 */
import { type Flow, type RuleName, rules, type Victim } from './diff-rules.ts'
import type { Definition, Position, Program, Struct, Type } from './program.ts'

/** Where something stands. */
export interface Site {
  readonly program: Program
  readonly position: Position
}

export interface Change {
  readonly rule: RuleName
  readonly what: string
  readonly who: readonly Victim[]
  /** undefined where it is not there. */
  readonly old: Site | undefined
  readonly now: Site | undefined
}

/** Which way values of a type go. */
export interface Ways {
  readonly isSent: boolean
  readonly isAnswered: boolean
  readonly isStored: boolean
}

export const sent: Ways = { isSent: true, isAnswered: false, isStored: false }
export const answered: Ways = { isSent: false, isAnswered: true, isStored: false }
/** Of a type that no service here uses, nobody knows. */
const anyWay: Ways = { isSent: true, isAnswered: true, isStored: true }

export class Report {
  readonly changes: Change[] = []

  add(rule: RuleName, what: string, at: Pick<Change, 'old' | 'now'> & { readonly ways?: Ways | undefined }): void {
    this.changes.push({ rule, what, who: whom(rule, at.ways ?? anyWay), old: at.old, now: at.now })
  }
}

function whom(name: RuleName, ways: Ways): Victim[] {
  const { breaks, flow, who = [] } = rules[name]
  const found = new Set<Victim>(flow === undefined ? who : [...who, ...sufferers(flow, ways)])
  if (breaks.includes('json')) found.add('named-calls')
  if (breaks.includes('source') && !found.has('other-languages')) found.add('typescript')
  return [...found]
}

/** Who reads what the other version wrote. */
function sufferers(flow: Flow, { isSent, isAnswered, isStored }: Ways): Victim[] {
  const fromOld = flow !== 'new-to-old'
  const fromNew = flow !== 'old-to-new'
  const found: Victim[] = []
  if ((fromOld && isSent) || (fromNew && isAnswered)) found.push('old-client')
  if ((fromNew && isSent) || (fromOld && isAnswered)) found.push('new-client')
  if (isStored) found.push('stored-data')
  return found
}

/** Which way the values of each type go, as the services of these files use them. */
export function waysOf(programs: Iterable<Program>): ReadonlyMap<Definition, Ways> {
  const found = new Map<Definition, Ways>()
  const walk = (type: Type, way: 'isSent' | 'isAnswered'): void => {
    if (type.kind === 'map') {
      walk(type.key, way)
      walk(type.value, way)
    } else if (type.kind === 'list' || type.kind === 'set') walk(type.element, way)
    else if (type.kind === 'named') {
      const { definition } = type
      const known = found.get(definition) ?? { isSent: false, isAnswered: false, isStored: true }
      if (known[way]) return
      found.set(definition, { ...known, [way]: true })
      if (definition.kind === 'typedef') walk(definition.type, way)
      else if (definition.kind !== 'enum')
        for (const field of (definition satisfies Struct).fields) walk(field.type, way)
    }
  }
  const services = [...programs].flatMap(({ definitions }) => definitions.filter(({ kind }) => kind === 'service'))
  for (const service of services) {
    if (service.kind !== 'service') continue
    for (const { arguments: args, returns, throws } of service.functions) {
      for (const { type } of args) walk(type, 'isSent')
      for (const type of [...(returns === undefined ? [] : [returns]), ...throws.map((field) => field.type)])
        walk(type, 'isAnswered')
    }
  }
  return found
}

/** The ways of a type in the old IDL and in the new. */
export function together(a: Ways | undefined, b: Ways | undefined): Ways | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return { isSent: a.isSent || b.isSent, isAnswered: a.isAnswered || b.isAnswered, isStored: true }
}
