/**
 * A service as an interface (the client) and a data table of the same name.
 */
import { plainOf } from '../idl/plain.ts'
import type { Function, Service } from '../idl/program.ts'
import { docLines, type FileContext, indented, propertyName, quoted, wrapped } from './file.ts'
import { argumentName, asConst, methodName } from './names.ts'
import { tableText, typeText } from './types.ts'
import { literalText } from './values.ts'

export function serviceText(service: Service, file: FileContext): string[] {
  const name = file.name(service)
  const base = service.base === undefined ? '' : ` extends ${file.name(service.base)}`
  const methods = service.functions.flatMap((fn) => methodLines(fn, file))
  const rows = service.functions.flatMap((fn) => rowLines(fn, file))
  return [
    ...docLines(service.doc),
    ...(methods.length === 0
      ? [`export interface ${name}${base} {}`]
      : [`export interface ${name}${base} {`, ...indented(methods), '}']),
    '',
    `export const ${name}: ${file.use('Service')}<${name}, ${quoted(service.name)}> = {`,
    `  name: ${quoted(service.name)},`,
    '  idl: () => $idl,',
    ...(service.base === undefined ? [] : [`  base: ${file.name(service.base)},`]),
    ...(rows.length === 0 ? ['  methods: {},'] : ['  methods: {', ...indented(rows, '    '), '  },']),
    '}',
  ]
}

function methodLines(fn: Function, file: FileContext): string[] {
  const throws = fn.throws.map((field) => `@throws {${typeText(field.type, file)}} ${field.name}`)
  const names = new Set<string>()
  const parameters = fn.arguments.map((field) => {
    let name = argumentName(field)
    while (names.has(name)) name += '_'
    names.add(name)
    return `${name}: ${typeText(field.type, file, field.annotations)}`
  })
  parameters.push(`options?: ${file.use('CallOptions')}<'${fn.delivery}'>`)
  const returns = fn.returns === undefined || fn.isOneway ? 'void' : typeText(fn.returns, file)
  const promise = `${file.global('Promise')}<${returns}>`
  const line = `${propertyName(methodName(fn))}(${parameters.join(', ')}): ${promise}`
  if (line.length <= 118) return [...docLines(fn.doc, throws), line]
  const lines = [
    `${propertyName(methodName(fn))}(`,
    ...parameters.map((parameter) => `  ${parameter},`),
    `): ${promise}`,
  ]
  return [...docLines(fn.doc, throws), ...lines]
}

function rowLines(fn: Function, file: FileContext): string[] {
  const args = fn.arguments.map((field) => {
    const row = [String(field.id), tableText(field.type, file, field.annotations)]
    if (field.default !== undefined) row.push(literalText(field.default, plainOf(field), file))
    return `${propertyName(field.name)}: [${row.join(', ')}]${asConst(field.name)}`
  })
  const parts = [`delivery: '${fn.delivery}'`]
  if (fn.isOneway) parts.push('oneway: true')
  if (methodName(fn) !== fn.name) parts.push(`wireName: ${quoted(fn.name)}`)
  if (fn.key !== undefined) parts.push(`key: ${quoted(fn.key)}`)
  parts.push(wrapped('arguments:', args, ''))
  if (fn.returns !== undefined && !fn.isOneway) parts.push(`returns: ${tableText(fn.returns, file)}`)
  const throws = fn.throws.map(
    (field) => `${propertyName(field.name)}: [${field.id}, ${tableText(field.type, file)}]${asConst(field.name)}`,
  )
  if (throws.length > 0) parts.push(wrapped('throws:', throws, ''))
  const line = `${propertyName(methodName(fn))}: { ${parts.join(', ')} }${asConst(methodName(fn))},`
  if (line.length <= 116 && !line.includes('\n')) return [line]
  return [
    `${propertyName(methodName(fn))}: {`,
    ...indented(parts.map((part) => `${part},`)),
    `}${asConst(methodName(fn))},`,
  ]
}
