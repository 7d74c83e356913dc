/**
 * Something that takes bytes from strangers, and what must hold whatever they are.
 */
export interface Target {
  readonly name: string
  /** Longest input that is tried often. */
  readonly bytesMax: number
  /** What honest peers send. */
  seeds(): Uint8Array[]
  /** Takes one input. Throws if anything comes out that must not. */
  run(input: Uint8Array): void
}
