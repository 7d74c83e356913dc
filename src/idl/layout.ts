/**
 * Where lines break: a text with choices, laid out for a width (after Wadler, "A prettier printer", 2003).
 *
 * Invariant: a comment that runs to the end of its line is followed by a line break, wherever it stands; no line ends
 * in a space.
 */
import { unreachable } from '../std/assert.ts'

export type Doc =
  | { readonly kind: 'text'; readonly text: string }
  /** A space, unless a line begins or ends here. */
  | { readonly kind: 'space' }
  | Line
  | CommentDoc
  /** Text that only a broken group shows: the comma behind its last element. */
  | { readonly kind: 'broken'; readonly text: string }
  | { readonly kind: 'indent'; readonly parts: readonly Doc[]; readonly isBroken: boolean }
  /** On one line if it fits there. */
  | { readonly kind: 'group'; readonly parts: readonly Doc[]; readonly isBroken: boolean }
  /** On one line whether it fits or not; holds nothing that is broken. */
  | { readonly kind: 'flat'; readonly parts: readonly Doc[] }
  | { readonly kind: 'all'; readonly parts: readonly Doc[]; readonly isBroken: boolean }
  /** The first that fits up to its first line break; the last if none does. */
  | { readonly kind: 'first'; readonly options: readonly Doc[] }

export interface Line {
  readonly kind: 'line'
  /** What it is in a group that fits; `never`: such a group does not. */
  readonly flat: '' | ' ' | 'never'
  /** In a group that does not fit, still a space where what comes up to the next line fits. */
  readonly isFill?: boolean
  /** Elsewhere it is a line break, and an empty line before it. */
  readonly isAfterBlank: boolean
}

export interface CommentDoc {
  readonly kind: 'comment'
  readonly text: string
  /** Whether it has its line, or the rest of one, for itself. */
  readonly beginsLine: boolean
  readonly endsLine: boolean
}

export const space: Doc = { kind: 'space' }
export const softLine: Line = { kind: 'line', flat: '', isAfterBlank: false }
export const line: Line = { kind: 'line', flat: ' ', isAfterBlank: false }
export const hardLine: Line = { kind: 'line', flat: 'never', isAfterBlank: false }

export const text = (of: string): Doc => ({ kind: 'text', text: of })
export const indent = (parts: readonly Doc[]): Doc => ({ kind: 'indent', parts, isBroken: parts.some(isBroken) })
export const all = (...parts: Doc[]): Doc => sequence(parts)

/** Of many parts: more than a call may have arguments. */
export function sequence(parts: readonly Doc[]): Doc {
  return { kind: 'all', parts, isBroken: parts.some(isBroken) }
}

/** Broken where it holds what cannot stand on one line, or where `isOpen` says so. */
export function group(parts: readonly Doc[], isOpen = false): Doc {
  return { kind: 'group', parts, isBroken: isOpen || parts.some(isBroken) }
}

/** Holds a line break that is there whatever the width. */
export function isBroken(doc: Doc): boolean {
  switch (doc.kind) {
    case 'line':
      return doc.flat === 'never'
    case 'comment':
      return doc.endsLine || doc.beginsLine || doc.text.includes('\n')
    case 'indent':
    case 'group':
    case 'all':
      return doc.isBroken
    case 'first':
      return doc.options.every(isBroken)
    default:
      return false
  }
}

/** `doc` as text whose lines are at most `width` long where it has a choice, indented by two spaces. */
export function layOut(doc: Doc, width: number): string {
  return new Layout(width).print(doc)
}

interface Step {
  readonly doc: Doc
  readonly margin: number
  readonly isFlat: boolean
}

class Layout {
  private readonly width: number
  private readonly lines: string[] = []
  private current = ''
  /** How far the current line is indented, where that is not what its first word says. */
  private continued: number | undefined
  private hasSpace = false
  private mustBreak = false
  /** What is still to print, the next one last. */
  private readonly steps: Step[] = []

  constructor(width: number) {
    this.width = width
  }

  print(doc: Doc): string {
    this.steps.push({ doc, margin: 0, isFlat: false })
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) this.step(step)
    if (this.current !== '') this.lines.push(this.current)
    return this.lines.join('\n')
  }

  private step(step: Step): void {
    const { doc, margin, isFlat } = step
    switch (doc.kind) {
      case 'text':
        return this.write(doc.text, margin)
      case 'space':
        this.hasSpace = true
        return
      case 'line':
        return this.line(doc, step)
      case 'comment':
        return this.comment(doc, margin)
      case 'broken':
        return isFlat ? undefined : this.write(doc.text, margin)
      case 'indent':
        return this.push(doc.parts, { ...step, margin: margin + 2 })
      case 'all':
        return this.push(doc.parts, step)
      case 'flat':
        return this.push(doc.parts, { ...step, isFlat: true })
      case 'group':
        return this.push(doc.parts, { ...step, isFlat: isFlat || this.fits(step, true) })
      case 'first':
        return this.first(doc.options, step)
      default:
        return unreachable(doc)
    }
  }

  private line(doc: Line, { margin, isFlat }: Step): void {
    const mayFill = doc.isFill === true && !doc.isAfterBlank && !this.mustBreak
    const isSpace = isFlat || (mayFill && this.fits({ doc: space, margin, isFlat }, true))
    if (doc.flat === 'never' || !isSpace) this.breakLine(doc.isAfterBlank)
    else if (doc.flat === ' ') this.hasSpace = true
  }

  private push(parts: readonly Doc[], as: Step): void {
    for (let i = parts.length - 1; i >= 0; i--) this.steps.push({ ...as, doc: parts[i] as Doc })
  }

  private first(options: readonly Doc[], step: Step): void {
    const [flattest, ...others] = options as [Doc, ...Doc[]]
    if (step.isFlat || this.fits({ ...step, doc: flattest }, true))
      return this.push([flattest], { ...step, isFlat: true })
    const chosen = others.find((doc) => this.fits({ ...step, doc }, false)) ?? (others.at(-1) as Doc)
    this.push([chosen], step)
  }

  private write(written: string, margin: number): void {
    if (this.mustBreak) this.breakLine(false, margin + 2)
    if (this.current === '') this.current = ' '.repeat(this.continued ?? margin)
    else if (this.hasSpace) this.current += ' '
    this.continued = undefined
    this.hasSpace = false
    this.current += written
  }

  private breakLine(isAfterBlank: boolean, continued?: number): void {
    if (this.current !== '') this.lines.push(this.current)
    if (isAfterBlank) this.lines.push('')
    this.current = ''
    this.continued = continued
    this.hasSpace = this.mustBreak = false
  }

  private comment(doc: CommentDoc, margin: number): void {
    if (doc.beginsLine && this.current !== '') this.breakLine(false, margin + 2)
    this.write('', margin)
    const lines = realigned(doc.text, this.current.length)
    this.current += lines[0] as string
    for (const line of lines.slice(1)) {
      this.lines.push(this.current)
      this.current = line
    }
    this.mustBreak = doc.endsLine
  }

  /** Whether `step`, and what follows it up to where a line may break, ends within the width. */
  private fits({ doc: tested, margin }: Step, mustBeFlat: boolean): boolean {
    if (mustBeFlat && isBroken(tested)) return false
    const column = this.current === '' ? margin : this.current.length + Number(this.hasSpace)
    let left = this.width - (this.mustBreak ? margin + 2 : column)
    const ahead: { readonly doc: Doc; readonly isFlat: boolean }[] = [{ doc: tested, isFlat: mustBeFlat }]
    let after = this.steps.length
    while (left >= 0) {
      const isTested = ahead.length > 0 && after === this.steps.length
      const next = ahead.pop() ?? this.steps[--after]
      if (next === undefined) return true
      const { doc } = next
      if (doc.kind === 'comment' && (doc.endsLine || doc.text.includes('\n'))) return true
      if (doc.kind === 'line' && (!next.isFlat || doc.flat === 'never')) return true
      if (doc.kind === 'first') ahead.push({ doc: doc.options[0] as Doc, isFlat: next.isFlat })
      else if ('parts' in doc) {
        // What is tested breaks only where it must; what follows it may break as soon as it can.
        const isFlat = next.isFlat || doc.kind === 'flat' || (isTested && doc.kind === 'group' && !doc.isBroken)
        for (let i = doc.parts.length - 1; i >= 0; i--) ahead.push({ doc: doc.parts[i] as Doc, isFlat })
      } else if (doc.kind === 'space') left--
      else if (doc.kind === 'line') left -= doc.flat.length
      else if (doc.kind !== 'broken' || !next.isFlat) left -= doc.text.length
    }
    return false
  }
}

/** A comment whose lines all begin with a star keeps them in one column; any other stays as it was written. */
function realigned(comment: string, column: number): string[] {
  const [first = '', ...rest] = comment.split('\n')
  const isStarred = rest.every((one) => one === '' || /^\s*\*/.test(one))
  if (!isStarred) return [first, ...rest]
  return [first, ...rest.map((one) => (one === '' ? '' : `${' '.repeat(column + 1)}${one.trimStart()}`))]
}
