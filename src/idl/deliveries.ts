/**
 * The annotations by which an IDL says what a call promises: `delivery`, `key`, `effect`.
 *
 * Invariant: a promise that could not be kept (an unknown delivery, a key that names no argument) is an error here.
 */
import { didYouMean, nearest } from '../std/suggest.ts'
import type { Reporter } from './diagnostic.ts'
import type { Function } from './program.ts'
import type { AnnotationTree, DefinitionTree, FieldTree, FunctionTree } from './tree.ts'

const deliveries = ['at-least-once', 'at-most-once', 'exactly-once'] as const
type Delivery = Function['delivery']

/** What `(delivery = ...)` on a service makes the default of its functions. */
export function serviceDelivery(
  tree: Extract<DefinitionTree, { kind: 'service' }>,
  reporter: Reporter,
): Delivery | undefined {
  misplaced(tree.annotations, reporter)
  return deliveryOf(tree.annotations, reporter)
}

export function checkFunction(
  tree: FunctionTree,
  serviceDefault: Delivery | undefined,
  reporter: Reporter,
): Pick<Function, 'delivery' | 'key'> {
  misspelt(tree.annotations, reporter)
  const own = deliveryOf(tree.annotations, reporter)
  if (tree.isOneway) return oneway(tree, own, reporter)
  const delivery = own ?? serviceDefault ?? 'at-most-once'
  return { delivery: effectOf(tree, delivery, reporter), key: keyOf(tree, reporter) }
}

function deliveryOf(annotations: readonly AnnotationTree[], reporter: Reporter): Delivery | undefined {
  const annotation = find(annotations, 'delivery')
  if (annotation === undefined) return undefined
  const { text } = annotation.value
  const known = deliveries.find((delivery) => delivery === text)
  if (known === undefined) {
    reporter.error('unknown-delivery', annotation.value, [
      `delivery = "${text}" is not known${tail(text, deliveries)}`,
      `write one of ${deliveries.map((delivery) => `"${delivery}"`).join(', ')}`,
    ])
  }
  return known
}

/** Nothing is remembered of a oneway call, so nothing else can be promised (protocol section 4). */
function oneway(tree: FunctionTree, own: Delivery | undefined, reporter: Reporter): Pick<Function, 'delivery' | 'key'> {
  const annotation = find(tree.annotations, 'delivery')
  if (annotation !== undefined && own !== undefined && own !== 'at-most-once') {
    reporter.error('oneway-delivery', annotation.value, [
      `a oneway function is sent once and nothing is remembered of it: it cannot be ${own}`,
      'leave the delivery out, or make it a void function',
    ])
  }
  return { delivery: 'at-most-once', key: keyOf(tree, reporter) }
}

function effectOf(tree: FunctionTree, delivery: Delivery, reporter: Reporter): Delivery {
  const annotation = find(tree.annotations, 'effect')
  if (annotation === undefined) return delivery
  if (annotation.value.text !== 'external') {
    reporter.error('unknown-effect', annotation.value, [
      `effect = "${annotation.value.text}" is not known`,
      'write effect = "external"',
    ])
    return delivery
  }
  if (delivery === 'exactly-once') return 'external'
  reporter.error('effect-needs-exactly-once', annotation.name, [
    `effect = "external" is a kind of exactly-once, and ${tree.name.text} is ${delivery}`,
    'add delivery = "exactly-once"',
  ])
  return delivery
}

function keyOf(tree: FunctionTree, reporter: Reporter): string | undefined {
  const annotation = find(tree.annotations, 'key')
  if (annotation === undefined) return undefined
  const { text } = annotation.value
  const names = tree.arguments.map(({ name }) => name.text)
  if (names.includes(text)) return text
  const offered = names.length === 0 ? 'it has no arguments' : `it has ${names.join(', ')}`
  reporter.error('unknown-key', annotation.value, [
    `key = "${text}" names no argument of ${tree.name.text}${tail(text, names)}`,
    offered,
  ])
  return undefined
}

function tail(word: string, candidates: readonly string[]): string {
  const meant = didYouMean(word, candidates)
  return meant === '' ? '' : `.${meant}`
}

/** A near miss of our words would otherwise be ignored, and with it the promise. */
function misspelt(annotations: readonly AnnotationTree[], reporter: Reporter): void {
  const ours = ['delivery', 'effect', 'key']
  for (const { name } of annotations) {
    if (ours.includes(name.text) || name.text.length < 3) continue
    const near = nearest(name.text, ours)
    if (near !== undefined)
      reporter.warning('misspelt-annotation', name, [
        `"${name.text}" means nothing to Oncewire`,
        `did you mean ${near}?`,
      ])
  }
}

function misplaced(annotations: readonly AnnotationTree[], reporter: Reporter): void {
  misspelt(annotations, reporter)
  for (const { name } of annotations) {
    if (name.text === 'key' || name.text === 'effect') {
      reporter.warning('misplaced-annotation', name, [`${name.text} belongs to a function, not to a service`])
    }
  }
}

/** On a struct or a field our words say nothing of any call; "key" is everybody's. */
export function warnOfMisplaced(tree: DefinitionTree | FieldTree, reporter: Reporter): void {
  if ('kind' in tree && tree.kind === 'service') return
  for (const { name } of tree.annotations) {
    if (name.text === 'delivery' || name.text === 'effect')
      reporter.warning('misplaced-annotation', name, [`${name.text} says nothing here`, 'write it behind a function'])
  }
}

function find(annotations: readonly AnnotationTree[], name: string): AnnotationTree | undefined {
  return annotations.findLast((annotation) => annotation.name.text === name)
}
