/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The front door: what a client and a server import.
 *
 * Invariant: at most 25 names, one screen; everything else has a door of its own (`oncewire/sqlite`, `oncewire/stub/v1`).
 */
export { connect } from './driver/channel.ts'
export type { Channel, JournalledChannel } from './driver/channel.ts'
export type { ConnectOptions } from './driver/connect-options.ts'
export { external } from './driver/handlers.ts'
export type { Call, External, Handlers, Reconciled, TxCall } from './driver/handlers.ts'
export type { Recovered } from './driver/recovered.ts'
export type { Run } from './driver/runs.ts'
export type { Authenticate } from './driver/server-driver.ts'
export { createServer } from './doors/server.ts'
export type { Server, ServerOptions } from './doors/server.ts'
export type { ErrorCode, Executed } from './errors/codes.ts'
export { DeclaredException } from './errors/declared-exception.ts'
export { OncewireError } from './errors/oncewire-error.ts'
export type { Ledger } from './once/ledger.ts'
export type { CallOptions, Service } from './rpc/service.ts'
export type { Unrecognized, Uuid } from './wire/shape.ts'
