/**
 * What a change of an IDL breaks, whom, why, and what to do instead: one row each.
 *
 * Invariant: nothing else decides it. Whoever compares two programs only finds out which rows apply.
 */

/**
 * `wire`: bytes that one side writes and the other misreads. `json`: the same, for what travels by name. `source`:
 * TypeScript that uses the generated code. `delivery`: what a call promises.
 */
export type Break = 'wire' | 'json' | 'source' | 'delivery'

/** Whose bytes are misread: those written by the old IDL and read by the new one, or the other way round. */
export type Flow = 'old-to-new' | 'new-to-old' | 'both'

export const victims = {
  'old-client': 'old clients with a new server',
  'new-client': 'new clients with an old server',
  'stored-data': 'data stored by one version and read by the other',
  'named-calls': 'callers by name: HTTP with JSON, dynamic clients',
  typescript: 'TypeScript that uses the generated code',
  'other-languages': 'code of other languages that is generated from the IDL',
  order: 'callers who rely on the order of calls on one object',
} as const
export type Victim = keyof typeof victims

export interface Rule {
  /** The gravest first; none: the change is safe. */
  readonly breaks: readonly Break[]
  /** Who suffers follows from it, and from where the type is used. */
  readonly flow?: Flow
  readonly who?: readonly Victim[]
  readonly why: string
  readonly advice: string
}

const table = {
  // --- fields of structs, unions and exceptions; types and defaults of arguments too

  'required-field-added': {
    breaks: ['wire', 'source'],
    flow: 'old-to-new',
    why: 'Old writers do not write it, and a reader that requires it refuses the whole value.',
    advice: 'Make it optional, or give it a default.',
  },
  'field-added': {
    breaks: ['source'],
    why: 'Without a keyword it is always there in TypeScript: code that makes such a value does not compile without it.',
    advice: 'Make it optional, or make values by create(), which fills in defaults.',
  },
  'optional-field-added': {
    breaks: [],
    why: 'Readers skip what they do not know, and an absent one reads as undefined or its default.',
    advice: 'Old programs that read a value and write it again drop the field.',
  },
  'required-field-removed': {
    breaks: ['wire', 'json', 'source'],
    flow: 'new-to-old',
    why: 'Old readers require it, and refuse the whole value without it.',
    advice: 'Make it optional first, and remove it when nobody requires it any more.',
  },
  'field-removed': {
    breaks: ['json', 'source'],
    why: 'Thrift codecs skip it, but plain JSON refuses names that it does not know; code that names it does not compile.',
    advice: 'Never use its id again; a comment that names it keeps others from it.',
  },
  'field-id-changed': {
    breaks: ['wire'],
    flow: 'both',
    why: 'On the wire a field is its id: the value is skipped as unknown, and lost in silence.',
    advice: 'Keep the id; the order of fields in the file is free.',
  },
  'field-id-reused': {
    breaks: ['wire', 'source'],
    flow: 'both',
    why: 'Each side takes the value of one field for that of the other, or skips it.',
    advice: 'Give the new field an id that was never used.',
  },
  'field-type-changed': {
    breaks: ['wire', 'source'],
    flow: 'both',
    why: 'A value of another wire type is skipped, or misread inside a container.',
    advice: 'Leave the old one as it is, and add a new one with an id that was never used.',
  },
  'js-type-changed': {
    breaks: ['source'],
    why: 'The bytes are the same; in TypeScript a bigint is no number.',
    advice: 'Give the new type to a new field.',
  },
  'enum-or-number': {
    breaks: ['json', 'source'],
    why: 'Thrift codecs send the same bytes, but plain JSON sends a name for one and a number for the other; in TypeScript it is another type.',
    advice: 'Make sure that both sides mean the same by the number.',
  },
  'text-became-binary': {
    breaks: ['wire', 'json', 'source'],
    flow: 'new-to-old',
    why: 'The bytes have one form, but old readers take any that are no UTF-8 for an error, and JSON codecs write binary as base64.',
    advice: 'Leave the old one as it is, and add a new one with an id that was never used.',
  },
  'binary-became-text': {
    breaks: ['wire', 'json', 'source'],
    flow: 'old-to-new',
    why: 'The bytes have one form, but new readers take any that are no UTF-8 for an error, and JSON codecs write binary as base64.',
    advice: 'Leave the old one as it is, and add a new one with an id that was never used.',
  },
  'field-made-required': {
    breaks: ['wire', 'source'],
    flow: 'old-to-new',
    why: 'Old writers may leave it out, and a reader that requires it refuses the whole value.',
    advice: 'Leave it as it was, and check for it where it is read.',
  },
  'field-no-longer-required': {
    breaks: ['wire', 'source'],
    flow: 'new-to-old',
    why: 'New writers may leave it out, and old readers refuse the whole value without it.',
    advice: 'Let new writers always write it until no old reader is left.',
  },
  'presence-changed': {
    breaks: ['source'],
    why: 'On the wire both are understood; in TypeScript the field may be undefined now, or may not be any more.',
    advice: 'Mind that an absent field without a keyword reads as zero, false or empty.',
  },
  'requiredness-reworded': {
    breaks: [],
    why: 'Neither the bytes nor the TypeScript changes.',
    advice: 'Generators of other languages may differ.',
  },
  'default-changed': {
    breaks: ['wire'],
    flow: 'both',
    why: 'Writers may leave out a field that has its default, and the reader fills in its own: the two sides see different values.',
    advice: 'Leave the default, and set the new value where values are made.',
  },
  'field-renamed': {
    breaks: ['json', 'source'],
    why: 'Thrift codecs send ids, but plain JSON sends names; code that names the field does not compile.',
    advice: 'Keep the name; explain it in a doc comment.',
  },
  'arm-added': {
    breaks: [],
    why: 'Old readers see it as an unknown arm.',
    advice: 'Send it only once those who read it know it.',
  },
  'arm-removed': {
    breaks: ['wire', 'json', 'source'],
    flow: 'old-to-new',
    why: 'What old writers send in this arm, new readers see as an unknown one.',
    advice: 'Never use its id again; a comment that names it keeps others from it.',
  },

  // --- definitions

  'definition-added': {
    breaks: [],
    why: 'Nobody can use it yet.',
    advice: 'What is wrong with it can still be mended.',
  },
  'type-removed': {
    breaks: ['source'],
    why: 'Code that names it does not compile. Where values of it were sent is told at those places.',
    advice: 'Keep it until nobody names it.',
  },
  'type-renamed': {
    breaks: ['source'],
    why: 'Names of types do not travel; code that names it does not compile.',
    advice: 'Keep the old name with a typedef.',
  },
  'definition-moved': {
    breaks: ['source'],
    why: 'It is imported from another file now.',
    advice: 'Leave a typedef where it was.',
  },
  'kind-changed': {
    breaks: ['wire', 'source'],
    flow: 'both',
    why: 'The two are written differently, or mean something else by the same bytes.',
    advice: 'Give the new one a name of its own.',
  },
  'exception-or-struct': {
    breaks: ['source'],
    why: 'The bytes are the same; in TypeScript one is a class and the other an interface.',
    advice: 'Give the new one a name of its own.',
  },
  'typedef-changed': {
    breaks: ['source'],
    why: 'In TypeScript it is another type. What changes on the wire is told where it is used.',
    advice: 'Give the new type a name of its own.',
  },
  'member-added': {
    breaks: [],
    why: 'Old readers see a number that they have no name for.',
    advice: 'Send it only once those who read it know it.',
  },
  'member-removed': {
    breaks: ['wire', 'json', 'source'],
    flow: 'old-to-new',
    why: 'Its number still arrives from old writers and from what is stored, and has no name any more.',
    advice: 'Keep the member and mark it as no longer used; never use its number again.',
  },
  'member-renumbered': {
    breaks: ['wire'],
    flow: 'both',
    why: 'On the wire a member is its number: each side takes the other for something else.',
    advice: 'Keep the number; give members their numbers explicitly.',
  },
  'member-renamed': {
    breaks: ['json', 'source'],
    why: 'Thrift codecs send numbers, but plain JSON sends names; code that names the member does not compile.',
    advice: 'Keep the old name beside the new one, with the same number.',
  },
  'constant-removed': {
    breaks: ['source'],
    why: 'Code that names it does not compile.',
    advice: 'Keep it until nobody names it.',
  },
  'constant-type-changed': {
    breaks: ['source'],
    why: 'In TypeScript it is a value of another type.',
    advice: 'Give the new one a name of its own.',
  },
  'constant-changed': {
    breaks: [],
    why: 'Constants do not travel.',
    advice: 'Whoever was built with the old value goes on with it.',
  },
  'namespace-added': {
    breaks: [],
    why: 'TypeScript has no namespaces.',
    advice: 'Code of that language that was generated without one moves.',
  },
  'namespace-changed': {
    breaks: ['source'],
    who: ['other-languages'],
    why: 'Generated code of that language moves to another package or module. TypeScript has none.',
    advice: 'Tell those who generate for that language.',
  },

  // --- services and their methods

  'service-removed': {
    breaks: ['wire', 'source'],
    who: ['old-client'],
    why: 'Calls of old clients find nobody who answers.',
    advice: 'Keep it until no client calls it.',
  },
  'service-renamed': {
    breaks: ['wire', 'source'],
    who: ['old-client', 'new-client'],
    why: 'The name of the service travels with each call, but for stock Thrift clients that are not multiplexed.',
    advice: 'Keep the old name too: service Old extends New {}.',
  },
  'base-changed': {
    breaks: [],
    why: 'Methods travel under the name of the service itself, whoever they are inherited from.',
    advice: 'Methods that came or went by it are told on their own.',
  },
  'method-added': {
    breaks: [],
    why: 'Nobody calls it yet.',
    advice: 'Servers first, then clients; every implementation of the service needs a handler.',
  },
  'method-removed': {
    breaks: ['wire', 'source'],
    who: ['old-client'],
    why: 'Calls of old clients are refused as unknown (never executed).',
    advice: 'Keep it until no client calls it.',
  },
  'method-renamed': {
    breaks: ['wire', 'source'],
    who: ['old-client', 'new-client'],
    why: 'The name travels with each call: the other side does not know it.',
    advice: 'Add the new name beside the old one, and remove that when no client calls it.',
  },
  'oneway-changed': {
    breaks: ['wire'],
    who: ['old-client', 'new-client'],
    why: 'One side waits for an answer that the other never sends, or gets one that it does not wait for.',
    advice: 'Add a method with another name.',
  },
  'result-type-changed': {
    breaks: ['wire', 'source'],
    flow: 'both',
    why: 'The caller skips a result of another wire type, and takes the call for one without a result.',
    advice: 'Add a method with another name.',
  },
  'result-added': {
    breaks: ['wire'],
    flow: 'old-to-new',
    why: 'New clients wait for a result that old servers do not send.',
    advice: 'Servers first, then clients.',
  },
  'result-removed': {
    breaks: ['wire', 'source'],
    flow: 'new-to-old',
    why: 'Old clients wait for a result that new servers do not send.',
    advice: 'Go on answering it until no old client is left.',
  },
  'argument-added': {
    breaks: ['wire', 'source'],
    flow: 'old-to-new',
    why: 'Old clients do not send it: it reads as zero, false or empty; a struct, and any argument of a JSON call, is refused.',
    advice: 'Give it a default, or add a method with another name.',
  },
  'defaulted-argument-added': {
    breaks: ['source'],
    why: 'Old clients do not send it, and the server reads its default; new callers must pass it.',
    advice: 'Servers first, then clients.',
  },
  'argument-removed': {
    breaks: ['wire', 'json', 'source'],
    flow: 'new-to-old',
    why: 'New clients do not send it: old servers read zero, false or empty, or refuse the call.',
    advice: 'Servers first, then clients; never use its id again.',
  },
  'arguments-reordered': {
    breaks: ['source'],
    why: 'The ids are the same on the wire, but TypeScript passes arguments by their order; two of one type change places in silence.',
    advice: 'Keep the order of the file; new arguments go last.',
  },
  'argument-renamed': {
    breaks: ['json'],
    why: 'Thrift codecs send ids, but plain JSON and dynamic clients pass arguments by name.',
    advice: 'Keep the name; explain it in a doc comment.',
  },
  'exception-added': {
    breaks: ['wire'],
    flow: 'new-to-old',
    why: 'Old clients do not know it: for ours the call ends as malformed (executed once), for stock ones without a result, and a void one as a success.',
    advice: 'Clients first, then servers; or add a method with another name.',
  },
  'exception-removed': {
    breaks: ['wire'],
    flow: 'old-to-new',
    why: 'Old servers still throw it, and new clients do not know it.',
    advice: 'Servers first, then clients; never use its id again.',
  },
  'exception-changed': {
    breaks: ['wire'],
    flow: 'both',
    why: 'The id carries another exception: what is thrown by one side is read as the other.',
    advice: 'Give the new exception an id that was never used.',
  },
  'delivery-weakened': {
    breaks: ['delivery'],
    who: ['old-client', 'new-client'],
    why: 'Callers relied on more than is kept now. Until both sides are new, calls are refused (delivery-differs, never executed).',
    advice: 'Add a method with another name, and move the callers that can bear it.',
  },
  'delivery-strengthened': {
    breaks: ['delivery'],
    who: ['old-client', 'new-client'],
    why: 'Until both sides are new, calls are refused (delivery-differs, never executed); so are those that journals hold open.',
    advice: 'Add a method with another name, or change both sides at once with no call open.',
  },
  'effect-changed': {
    breaks: ['delivery'],
    who: ['old-client', 'new-client'],
    why: 'Whether the effect commits with its record or is asked for afterwards differs. Until both sides are new, calls are refused (delivery-differs).',
    advice: 'Add a method with another name.',
  },
  'key-added': {
    breaks: [],
    why: 'Calls on one object run one at a time now.',
    advice: 'While old servers of the ledger run, they do not keep that order.',
  },
  'key-removed': {
    breaks: ['delivery'],
    who: ['order'],
    why: 'Calls on one object may run at the same time now.',
    advice: 'Keep the key, or make sure that the handler bears it.',
  },
  'key-changed': {
    breaks: ['delivery'],
    who: ['order'],
    why: 'Calls are ordered by another argument; while old and new servers share a ledger, by neither.',
    advice: 'Stop the old servers before the new ones start.',
  },
} as const

export type RuleName = keyof typeof table

export const rules: Readonly<Record<RuleName, Rule>> = table

export function isRuleName(text: string): text is RuleName {
  return Object.hasOwn(table, text)
}
