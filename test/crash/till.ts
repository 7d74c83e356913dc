/**
 * The service of the crash stories: one method of each delivery, whose effects are told apart by their name.
 */
import type { CallOptions, Service } from '../../src/index.ts'

export interface Till {
  pay(what: string, options?: CallOptions<'exactly-once'>): Promise<string>
  note(what: string, options?: CallOptions<'at-most-once'>): Promise<string>
  dispense(what: string, options?: CallOptions<'external'>): Promise<string>
}

const text = { scalar: 'string' } as const
const what = { arguments: { what: [1, text] }, returns: text } as const

export const Till: Service<Till, 'Till'> = {
  name: 'Till',
  methods: {
    pay: { delivery: 'exactly-once', key: 'what', ...what },
    note: { delivery: 'at-most-once', ...what },
    dispense: { delivery: 'external', key: 'what', ...what },
  },
}
