/**
 * The base of every exception that an IDL declares: an outcome of the contract, not a fault.
 */

/** Thrown by a handler it is recorded and sent; thrown by a stub it is what the handler threw. */
export abstract class DeclaredException extends Error {}
