/**
 * Goal: what is served is found, what is not is explained, and a service with a handler missing is refused when it is
 * added. Method: services small enough to see whole.
 */
import { describe, expect, test } from 'vitest'
import { Dispatcher, type NotServed, type Served } from './dispatcher.ts'
import type { Delivery, Service } from './service.ts'

function serviceOf(name: string, methods: Readonly<Record<string, Delivery>>): Service<unknown> {
  const rows = Object.entries(methods).map(([method, delivery]) => [method, { delivery, arguments: {} }] as const)
  return { name, methods: Object.fromEntries(rows) }
}
const calc = serviceOf('Calc', { add: 'at-most-once', zip: 'at-most-once' })
const handlers = { add: () => 'added', zip: () => 'zipped' }

function served(dispatcher: Dispatcher, name: string): () => unknown {
  return (dispatcher.find(name) as Served).handler as () => unknown
}
function explained(dispatcher: Dispatcher, name: string): NotServed {
  return dispatcher.find(name) as NotServed
}

describe('finding', () => {
  test('a method of one of many services', () => {
    const dispatcher = new Dispatcher()
    dispatcher.add(calc, handlers)
    dispatcher.add(serviceOf('Other', { add: 'at-most-once' }), { add: () => 'other' })
    expect(served(dispatcher, 'Calc.add')()).toBe('added')
    expect(served(dispatcher, 'Other.add')()).toBe('other')
    expect(dispatcher.find('Calc.add')).toMatchObject({ method: { name: 'Calc.add', delivery: 'at-most-once' } })
  })

  test('a method that is not there: what was meant, and what there is', () => {
    const dispatcher = new Dispatcher()
    expect(explained(dispatcher, 'Calc.add').message).toBe('the server has no service "Calc". It offers nothing.')
    dispatcher.add(calc, handlers)
    expect(explained(dispatcher, 'Calk.add')).toEqual({
      code: 'unknown-service',
      message: 'the server has no service "Calk". Did you mean "Calc"? It offers Calc.',
    })
    expect(explained(dispatcher, 'Calc.aadd')).toEqual({
      code: 'unknown-method',
      message: 'Calc has no method "aadd". Did you mean "add"? It has add, zip.',
    })
    expect(explained(dispatcher, 'ping')).toMatchObject({ code: 'unknown-service' })
    expect(explained(dispatcher, 'ping').message).toContain('"ping"')
    for (const name of ['', '.', 'Calc', 'Calc.', 'Calc.toString', '__proto__.add', 'constructor.name']) {
      expect(explained(dispatcher, name).code).toMatch(/^unknown-/)
    }
  })
})

describe('an unlisted service', () => {
  const dispatcher = new Dispatcher()
  dispatcher.add(
    serviceOf('Hidden', { add: 'at-most-once', tell: 'at-most-once' }),
    { add: () => 'hidden', tell: () => '' },
    { isUnlisted: true },
  )
  dispatcher.add(calc, handlers)

  test('is found by its name', () => {
    expect(served(dispatcher, 'Hidden.add')()).toBe('hidden')
    expect(explained(dispatcher, 'Hidden.tel').message).toBe(
      'Hidden has no method "tel". Did you mean "tell"? It has add, tell.',
    )
  })

  test('and by nothing else: it is not offered, and not what a caller without a service means', () => {
    const found = dispatcher.findInAny('add') as Served
    expect(found.method.name).toBe('Calc.add')
    expect(dispatcher.findInAny('tell')).toEqual({
      code: 'unknown-method',
      message: 'no service here has a method "tell". There is Calc.',
    })
    expect(explained(dispatcher, 'Hiden.add').message).toBe('the server has no service "Hiden". It offers Calc.')
  })

  test('has its name for itself', () => {
    expect(() => dispatcher.add(serviceOf('Hidden', {}), {})).toThrow('service Hidden was added before')
  })
})

describe('adding', () => {
  test('an instance of a class, whose handlers are methods of it', () => {
    class Counting {
      private count = 0
      add(): number {
        return ++this.count
      }
      zip(): number {
        return this.count
      }
    }
    const dispatcher = new Dispatcher()
    dispatcher.add(calc, new Counting() as never)
    served(dispatcher, 'Calc.add')()
    expect(served(dispatcher, 'Calc.zip')()).toBe(1)
  })

  const unfit: readonly (readonly [name: string, given: unknown, message: string])[] = [
    ['a missing handler', { add: () => 1 }, 'Calc.zip has no handler: server.add(Calc, { zip: ... })'],
    ['a misspelt one', { add: () => 1, zipp: () => 1 }, 'Calc has no method "zipp". Did you mean "zip"?'],
    ['one that is no function', { add: () => 1, zip: 5 }, 'the handler of Calc.zip must be a function'],
    ['no handlers at all', undefined, 'Calc needs an object of handlers: server.add(Calc, { ... })'],
  ]
  test.each(unfit)('%s is refused, and nothing of the service is served', (_name, given, message) => {
    const dispatcher = new Dispatcher()
    expect(() => dispatcher.add(calc, given as never)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', executed: 'never', message }),
    )
    expect(dispatcher.find('Calc.add')).toHaveProperty('code', 'unknown-service')
    dispatcher.add(calc, handlers)
  })

  test('a helper beside the handlers is nobody else', () => {
    new Dispatcher().add(calc, { ...handlers, adds: () => 1, log: () => 1, adx: 5 } as never)
  })

  test('a service twice is refused', () => {
    const dispatcher = new Dispatcher()
    dispatcher.add(calc, handlers)
    expect(() => dispatcher.add(calc, handlers)).toThrow('service Calc was added before')
  })

  test('what every object has is no handler', () => {
    const odd = serviceOf('Odd', { toString: 'at-most-once' as const, constructor: 'at-most-once' as const })
    expect(() => new Dispatcher().add(odd, {})).toThrow('Odd.toString has no handler')
    const dispatcher = new Dispatcher()
    dispatcher.add(odd, { toString: () => 'mine', constructor: () => 'built' })
    expect(served(dispatcher, 'Odd.toString')()).toBe('mine')
  })

  test('an external effect has its parts, not a function', () => {
    const atm = serviceOf('Atm', { dispense: 'external' })
    const parts = { perform: () => 1, reconcile: () => ({ executed: 'never' }) }
    const dispatcher = new Dispatcher()
    dispatcher.add(atm, { dispense: parts })
    expect(dispatcher.find('Atm.dispense')).toMatchObject({ handler: parts })
    for (const dispense of [() => 1, null, {}, { perform: () => 1 }, undefined]) {
      expect(() => new Dispatcher().add(atm, { dispense })).toThrow(
        'give it dispense: external({ perform, reconcile })',
      )
    }
  })
})
