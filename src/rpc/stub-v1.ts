/**
 * What generated code may lean on, and nothing else; its version is in its name.
 *
 * Invariant: a name here is never changed or taken away within v1.
 */
export { DeclaredException } from '../errors/declared-exception.ts'
export { missing } from '../wire/check.ts'
export type {
  EnumNames,
  ExceptionClass,
  Fields,
  Reader,
  Scalar,
  Shape,
  Struct,
  StructDefinition,
  Type,
  UnknownField,
  Unrecognized,
  Uuid,
  Writer,
} from '../wire/shape.ts'
export { struct } from '../wire/struct.ts'
export { binary, bool, double, i16, i32, i64, i8, safeI64, string, uuid } from '../wire/types.ts'
export type { CallOptions, Delivery, Idl, Method, Service } from './service.ts'
