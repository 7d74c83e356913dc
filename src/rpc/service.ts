/**
 * A service as data: what generated code writes down and stubs, skeletons and reflection read.
 *
 * Invariant: everything a call needs to know of its method stands in one table row, made by the compiler.
 */
import type { DeclaredException } from '../errors/declared-exception.ts'
import type { Signal } from '../std/host.ts'
import type { Encoding, ExceptionClass, Type } from '../wire/shape.ts'

/** What a call promises when something fails; `external` is exactly-once with an effect outside the database. */
export type Delivery = 'at-least-once' | 'at-most-once' | 'exactly-once' | 'external'

declare const delivery: unique symbol

/** What a call may say after its arguments; `D` is the method's delivery, for the reader and the handler types. */
export interface CallOptions<D extends Delivery = Delivery> {
  readonly [delivery]?: D
  /** Milliseconds until the caller no longer cares; 30,000 if absent. */
  readonly deadlineMs?: number | undefined
  readonly signal?: Signal | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Names the call across sessions, processes and languages; exactly-once methods only, at most 255 bytes. */
  readonly idempotencyKey?: string | undefined
}

/** One method. `throws` names the declared exceptions by their field in the result struct. */
export interface Method {
  readonly delivery: Delivery
  readonly key?: string
  readonly oneway?: true
  /** The IDL's name, where TypeScript needs another one (`then` is `then_`). */
  readonly wireName?: string
  /** By their IDL names; an absent one reads as its default, if the IDL gives one. */
  readonly arguments: Readonly<Record<string, readonly [id: number, type: Type, absent?: unknown]>>
  readonly returns?: Type
  readonly throws?: Readonly<Record<string, readonly [id: number, exception: ExceptionClass]>>
}

declare const client: unique symbol

/** A service as a value; `S` is its client. */
export interface Service<S, N extends string = string> {
  readonly [client]?: S
  readonly name: N
  readonly base?: Service<unknown>
  readonly methods: Readonly<Record<string, Method>>
}

/** A method made ready: bytes in, values out. Built once per service. */
export interface CompiledMethod {
  /** `Service.method`. */
  readonly name: string
  readonly delivery: Delivery
  readonly isOneway: boolean
  readonly argumentNames: readonly string[]
  /** Position of the argument that names the object, or -1. */
  readonly keyIndex: number
  /**
   * The argument struct, in the binary codec if none is named. `idempotencyKey` travels in the field that stock Thrift
   * libraries skip.
   *
   * @throws {OncewireError} invalid-argument, naming method and argument
   */
  encodeArguments(
    values: readonly unknown[],
    how?: { readonly codec?: Encoding; readonly idempotencyKey?: string | undefined },
  ): Uint8Array
  /** @throws {OncewireError} malformed */
  decodeArguments(bytes: Uint8Array, codec?: Encoding): unknown[]
  /** The result struct with its field 0. @throws {OncewireError} invalid-argument if the handler's value is none */
  encodeResult(value: unknown, codec?: Encoding): Uint8Array
  /** The result struct with an exception; undefined if the method does not declare it. */
  encodeException(error: unknown, codec?: Encoding): Uint8Array | undefined
  /** @throws {OncewireError} malformed */
  decodeReply(
    bytes: Uint8Array,
    codec?: Encoding,
  ): { readonly value: unknown } | { readonly exception: DeclaredException }
  /** A reply in the binary codec as plain JSON; undefined: the method answers nothing. */
  replyJson(bytes: Uint8Array): { readonly json: string | undefined; readonly exception: string | undefined }
  /**
   * One encoding for equal arguments, whatever order their sets and maps had: what a key's fingerprint covers. Bytes that
   * are no arguments stand for themselves.
   */
  canonicalArguments(bytes: Uint8Array): Uint8Array
}
