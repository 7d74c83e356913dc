/**
 * A method as one line for people, from its table: types and names, without the numbers of the wire.
 */
import type { Type } from '../wire/shape.ts'
import { seenType } from '../wire/types.ts'
import type { Method } from './service.ts'

const membersMax = 5

/** `i64 debit(string account, i64 cents) throws InsufficientFunds` */
export function signatureOf(name: string, row: Method): string {
  const { oneway, returns, throws = {} } = row
  const args = Object.entries(row.arguments).map(([argument, [, type]]) => `${typeText(type)} ${argument}`)
  const thrown = Object.values(throws).map(([, exception]) => exception.name)
  const head = `${oneway === true ? 'oneway ' : ''}${returns === undefined ? 'void' : typeText(returns)} ${name}`
  return `${head}(${args.join(', ')})${thrown.length === 0 ? '' : ` throws ${thrown.join(', ')}`}`
}

/** A table knows structs and exceptions by name, enums by their members. */
function typeText(type: Type): string {
  const seen = seenType(type)
  switch (seen.kind) {
    case 'scalar':
      return seen.name === 'safeI64' ? 'i64' : seen.name
    case 'map':
      return `map<${typeText(seen.key)}, ${typeText(seen.value)}>`
    case 'struct':
      return seen.definition.name
    case 'enum': {
      const members = Object.keys(seen.names)
      const more = members.length > membersMax ? ', ...' : ''
      return `enum { ${members.slice(0, membersMax).join(', ')}${more} }`
    }
    default:
      return `${seen.kind}<${typeText(seen.element)}>`
  }
}
