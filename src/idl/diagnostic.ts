/**
 * What is wrong with an IDL file, where, and what to write instead; and how that is shown.
 */
import type { Position } from './program.ts'

export interface Diagnostic {
  readonly severity: 'error' | 'warning'
  /** A stable kebab-case word. */
  readonly code: string
  readonly file: string
  readonly position: Position
  /** How many UTF-16 units the caret underlines, at least 1. */
  readonly length: number
  readonly message: string
  readonly suggestion: string | undefined
}

/** `file:line:column: error: message`, the line, a caret under the place, and the suggestion. */
export function renderDiagnostic(
  diagnostic: Diagnostic,
  source: string,
  options: { readonly color?: boolean } = {},
): string {
  const { severity, code, file, position, length, message, suggestion } = diagnostic
  const paint = (text: string, style: string): string =>
    options.color === true ? `\u001b[${style}m${text}\u001b[0m` : text
  const { line, column } = excerpt(linesOf(source)[position.line - 1]?.replace(/\r$/, '') ?? '', position.column)
  const before = line.slice(0, column - 1).replace(/[^\t]/g, ' ')
  const carets = '^'.repeat(Math.max(1, Math.min(length, line.length - column + 1)))
  const hue = severity === 'error' ? '31' : '33'
  const lines = [
    `${paint(`${file}:${position.line}:${position.column}:`, '1')} ${paint(`${severity}:`, hue)} ${message} [${code}]`,
    `  ${line}`,
    `  ${before}${paint(carets, hue)}`,
  ]
  if (suggestion !== undefined) lines.push(`  ${paint('=', '36')} ${suggestion}`)
  return lines.join('\n')
}

/** Of the text that was split last: a bad file has as many diagnostics as lines. */
let lastSplit: { readonly source: string; readonly lines: readonly string[] } = { source: '', lines: [] }

function linesOf(source: string): readonly string[] {
  if (lastSplit.source !== source) lastSplit = { source, lines: source.split('\n') }
  return lastSplit.lines
}

const lineMax = 160

/** A line that is not too long to be shown: of a longer one the part around the place. */
function excerpt(line: string, column: number): { readonly line: string; readonly column: number } {
  if (line.length <= lineMax) return { line, column }
  const from = Math.max(0, Math.min(column - 1 - lineMax / 2, line.length - lineMax))
  const [left, right] = [from === 0 ? '' : '...', from + lineMax >= line.length ? '' : '...']
  return { line: `${left}${line.slice(from, from + lineMax)}${right}`, column: column - from + left.length }
}

/** What is wrong, and what to write instead where that is known. */
export type Text = readonly [message: string, suggestion?: string | undefined]

/** Collects the diagnostics of one file. */
export class Reporter {
  readonly file: string
  readonly diagnostics: Diagnostic[]

  constructor(file: string, diagnostics: Diagnostic[]) {
    this.file = file
    this.diagnostics = diagnostics
  }

  error(code: string, place: Place, [message, suggestion]: Text): void {
    this.add('error', { code, place, message, suggestion })
  }

  warning(code: string, place: Place, [message, suggestion]: Text): void {
    this.add('warning', { code, place, message, suggestion })
  }

  /** Takes back what was said of parts of the file that turned out to be somebody else's; `parts` in their order. */
  withdraw(parts: readonly (readonly [from: Position, to: Position])[]): void {
    const isWithdrawn = ({ position }: Diagnostic): boolean => {
      let [low, high] = [0, parts.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if (isBefore((parts[middle] as (typeof parts)[0])[1], position)) low = middle + 1
        else high = middle
      }
      const part = parts[low]
      return part !== undefined && !isBefore(position, part[0])
    }
    if (parts.length === 0) return
    const kept = this.diagnostics.filter((diagnostic) => !isWithdrawn(diagnostic))
    this.diagnostics.length = 0
    for (const diagnostic of kept) this.diagnostics.push(diagnostic)
  }

  private add(
    severity: Diagnostic['severity'],
    what: {
      readonly code: string
      readonly place: Place
      readonly message: string
      readonly suggestion: string | undefined
    },
  ): void {
    const { code, place, message, suggestion } = what
    const { position, length } = place
    this.diagnostics.push({ severity, code, file: this.file, position, length, message, suggestion })
  }
}

/** Where something stands in a file. */
export interface Place {
  readonly position: Position
  readonly length: number
}

export function isBefore(a: Position, b: Position): boolean {
  return a.line < b.line || (a.line === b.line && a.column < b.column)
}
