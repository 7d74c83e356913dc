/**
 * JSON text for people: on one line where it fits, else an item a line.
 *
 * Invariant: tokens stay as they are: a number is never read, so none loses a digit.
 */

const columnsMax = 100

type Node =
  | { readonly kind: 'token'; readonly text: string }
  | { readonly kind: 'items'; readonly open: string; readonly close: string; readonly items: readonly Item[] }
interface Item {
  /** `"name": ` of an object's member. */
  readonly key: string
  readonly node: Node
}

/** `json` must be valid. */
export function prettyJson(json: string): string {
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g) ?? []
  return shown(new Nodes(tokens).next(), '', 0)
}

class Nodes {
  private readonly tokens: readonly string[]
  private at = 0

  constructor(tokens: readonly string[]) {
    this.tokens = tokens
  }

  next(): Node {
    const open = this.take()
    const close = open === '{' ? '}' : open === '[' ? ']' : undefined
    if (close === undefined) return { kind: 'token', text: open }
    const items: Item[] = []
    while (this.tokens[this.at] !== close) {
      if (items.length > 0) this.at++ // the comma
      const key = open === '{' ? `${this.take()}${this.take()} ` : ''
      items.push({ key, node: this.next() })
    }
    this.at++
    return { kind: 'items', open, close, items }
  }

  private take(): string {
    return this.tokens[this.at++] as string
  }
}

function shown(node: Node, indent: string, before: number): string {
  if (node.kind === 'token') return node.text
  const { open, close, items } = node
  const pad = open === '{' && items.length > 0 ? ' ' : ''
  const line = `${open}${pad}${items.map(({ key, node: inner }) => key + shown(inner, '', 0)).join(', ')}${pad}${close}`
  if (indent.length + before + line.length <= columnsMax && !line.includes('\n')) return line
  const inside = `${indent}  `
  const lines = items.map(({ key, node: inner }) => inside + key + shown(inner, inside, key.length))
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`
}
