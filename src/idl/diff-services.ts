/**
 * Services: which method is which, and what became of its arguments, answers and promises.
 */
import { compareField, type Context, match, type Owner, tell } from './diff-fields.ts'
import { callShapeOf } from './diff-pairs.ts'
import { answered, sent } from './diff-report.ts'
import type { RuleName } from './diff-rules.ts'
import { compareTypes } from './diff-types.ts'
import { printType } from './print.ts'
import type { Function, Service } from './program.ts'

/** A function, and the service whose own it is. */
interface Method {
  readonly fn: Function
  readonly owner: Service
}

interface Versions {
  readonly old: Service
  readonly now: Service
  readonly context: Context
}

/** Inherited methods are told of where they are defined, unless they came or went with the base. */
export function compareServices(versions: Versions): void {
  const { old, now, context } = versions
  const { pairs } = context
  const [before, after] = [methodsOf(old), methodsOf(now)]
  const isInherited = ({ owner }: Method, service: Service, others: readonly Service[]): boolean =>
    owner !== service && others.some((base) => pairs.isPair(owner, base) || pairs.isPair(base, owner))
  const removed: Method[] = []
  for (const [name, method] of before) {
    const other = after.get(name)
    if (other === undefined) {
      if (!isInherited(method, old, basesOf(now))) removed.push(method)
    } else if (method.owner === old || other.owner === now || !pairs.isPair(method.owner, other.owner)) {
      compareMethods(method.fn, other.fn, versions)
    }
  }
  const added = [...after].flatMap(([name, method]) =>
    before.has(name) || isInherited(method, now, basesOf(old)) ? [] : [method],
  )
  tellComingsAndGoings(removed, added, versions)
  if (old.base === undefined && now.base === undefined) return
  if (old.base !== undefined && now.base !== undefined && pairs.isPair(old.base, now.base)) return
  const text = `extends ${now.base?.name ?? 'nothing'}, was ${old.base?.name ?? 'nothing'}`
  tell(context, 'base-changed', `${now.name}: ${text}`, { from: ownerOf(old), to: ownerOf(now) })
}

function tellComingsAndGoings(removed: readonly Method[], added: readonly Method[], versions: Versions): void {
  const { old, now, context } = versions
  const renamed = new Map<Method, Method>()
  for (const method of removed) {
    const alike = (other: Method): boolean => callShapeOf(other.fn) === callShapeOf(method.fn)
    const others = added.filter(alike)
    if (others.length === 1 && removed.filter(alike).length === 1) renamed.set(method, others[0] as Method)
  }
  const [from, to] = [ownerOf(old), ownerOf(now)]
  for (const method of removed) {
    const other = renamed.get(method)
    const place = ownerOf(old, method.fn)
    if (other === undefined) {
      tell(context, 'method-removed', `${place.label}: method removed`, { from: place, to })
      continue
    }
    tell(context, 'method-renamed', `${place.label}: now called ${other.fn.name}`, {
      from: place,
      to: ownerOf(now, other.fn),
    })
    compareMethods(method.fn, other.fn, versions)
  }
  const known = new Set(renamed.values())
  for (const method of added) {
    if (known.has(method)) continue
    const place = ownerOf(now, method.fn)
    tell(context, 'method-added', `${place.label}: method added`, { from, to: place })
  }
}

function compareMethods(old: Function, now: Function, { old: before, now: after, context }: Versions): void {
  const [from, to] = [ownerOf(before, old), ownerOf(after, now)]
  const say = (rule: RuleName, text: string, ways = answered): void =>
    tell({ ...context, ways }, rule, `${to.label}: ${text}`, { from, to })
  if (old.isOneway !== now.isOneway) {
    say('oneway-changed', old.isOneway ? 'was oneway, is answered now' : 'is oneway now, was answered')
  }
  compareResults(old, now, { from, to, context, say })
  compareArguments(old, now, { from, to, context, say })
  compareThrows(old, now, { from, to, context, say })
  comparePromises(old, now, say)
}

interface Sides {
  readonly from: Owner
  readonly to: Owner
  readonly context: Context
  readonly say: (rule: RuleName, text: string) => void
}

function compareResults(
  { returns: old }: Function,
  { returns: now }: Function,
  { from, to, context, say }: Sides,
): void {
  if (old === undefined && now === undefined) return
  if (old === undefined || now === undefined) {
    if (now !== undefined) return say('result-added', `was void, returns ${printType(now, to.program)} now`)
    return say('result-removed', `returned ${printType(old as NonNullable<typeof old>, from.program)}, is void now`)
  }
  const change = compareTypes({ type: old }, { type: now }, context.pairs)
  if (change === 'same') return
  const text = `returns ${printType(now, to.program)}, was ${printType(old, from.program)}`
  say(change === 'different' ? 'result-type-changed' : change, text)
}

function compareArguments(old: Function, now: Function, sides: Sides): void {
  const { from, to } = sides
  const context = { ...sides.context, ways: sent }
  const { same, removed, added } = match(old.arguments, now.arguments)
  const name = (argument: string): string => `${to.label}: argument ${argument}`
  for (const [field, other] of same)
    compareField({ from, field, to, other }, { name, renamed: 'argument-renamed', context })
  for (const field of removed) tell(context, 'argument-removed', `${name(field.name)} removed`, { from, field, to })
  for (const other of added) {
    const rule = other.default === undefined ? 'argument-added' : 'defaulted-argument-added'
    tell(context, rule, `${name(other.name)} added`, { from, to, other })
  }
  // An id that changed has been told; here they are compared by their new ones.
  const is = same.map(([, other]) => other).sort((a, b) => now.arguments.indexOf(a) - now.arguments.indexOf(b))
  if (same.some(([, other], i) => other !== is[i]))
    sides.say('arguments-reordered', `its arguments are now ${now.arguments.map(({ name }) => name).join(', ')}`)
}

/** What is thrown goes by its id. */
function compareThrows(old: Function, now: Function, { from, to, context }: Sides): void {
  const ways = { ...context, ways: answered }
  const after = new Map(now.throws.map((field) => [field.id, field]))
  for (const field of old.throws) {
    const other = after.get(field.id)
    after.delete(field.id)
    const was = printType(field.type, from.program)
    const at = { from, field, to, ...(other !== undefined && { other }) }
    if (other === undefined) tell(ways, 'exception-removed', `${to.label}: no longer throws ${was}`, at)
    else if (compareTypes(field, other, context.pairs) !== 'same')
      tell(
        ways,
        'exception-changed',
        `${to.label}: throws ${printType(other.type, to.program)} as ${field.id}, was ${was}`,
        at,
      )
  }
  for (const other of after.values())
    tell(ways, 'exception-added', `${to.label}: throws ${printType(other.type, to.program)} now`, { from, to, other })
}

/** What is promised, weakest first. */
const strength = ['at-least-once', 'at-most-once', 'exactly-once'] as const

function comparePromises(old: Function, now: Function, say: Sides['say']): void {
  const level = ({ delivery }: Function): number =>
    strength.indexOf(delivery === 'external' ? 'exactly-once' : delivery)
  const change = level(now) - level(old)
  if (change !== 0)
    say(change < 0 ? 'delivery-weakened' : 'delivery-strengthened', `was ${old.delivery}, is now ${now.delivery}`)
  else if (old.delivery !== now.delivery)
    say(
      'effect-changed',
      now.delivery === 'external' ? 'its effect is external now' : 'its effect is no longer external',
    )
  if (keyId(old) === keyId(now)) return
  if (old.key === undefined) say('key-added', `its calls are ordered by ${now.key} now`)
  else if (now.key === undefined) say('key-removed', `its calls are no longer ordered by ${old.key}`)
  else say('key-changed', `its calls are ordered by ${now.key}, were by ${old.key}`)
}

/** A key that was only renamed is the same. */
function keyId({ key, arguments: args }: Function): number | undefined {
  return args.find(({ name }) => name === key)?.id
}

function methodsOf(service: Service): Map<string, Method> {
  const inherited = service.base === undefined ? new Map<string, Method>() : methodsOf(service.base)
  for (const fn of service.functions) inherited.set(fn.name, { fn, owner: service })
  return inherited
}

function basesOf(service: Service): Service[] {
  return service.base === undefined ? [] : [service.base, ...basesOf(service.base)]
}

/** The place of a service, or of one of its functions. */
function ownerOf(service: Service, fn?: Function): Owner {
  const label = fn === undefined ? service.name : `${service.name}.${fn.name}`
  return { label, program: service.program, position: (fn ?? service).position }
}
