/**
 * Goal: whatever the network does and whoever crashes, no call runs twice that may not, nobody is told a lie, and when
 * faults stop every call ends (invariants I1, I2, I5, I8). Method: the real machines in a world that a seed decides.
 */
import { describe, expect, test } from 'vitest'
import { World, type WorldOptions } from './support/world.ts'

async function check(options: WorldOptions): Promise<World> {
  const world = new World(options)
  await world.play()
  const wrong: string[] = []
  for (const call of world.calls) {
    const effects = world.effectsOf(call)
    const said = `${call.tag}: told ${call.told.join(', ') || 'nothing'}, resolved ${call.resolved ?? '-'}, effects ${effects}`
    if (call.delivery !== 'at-least-once' && effects > 1) wrong.push(`I1 ${said}`)
    if (call.told.includes('ok') && effects < 1) wrong.push(`I2 ${said}`)
    if ((call.told.includes('never') || call.resolved === 'never') && effects > 0) wrong.push(`I5 ${said}`)
    if (call.resolved === 'once' && effects < 1) wrong.push(`I2 ${said}`)
    if (call.told.length === 0 && !call.isOrphan) wrong.push(`I8 ${said}`)
    // A journalled call of a crashed process: if it ran, somebody is told in the end.
    if (options.hasJournal && call.delivery === 'exactly-once' && effects > 0 && call.told.length === 0)
      wrong.push(`I8 ${said}`)
  }
  expect(wrong, `seed ${options.seed}\n${world.trace.slice(-200).join('\n')}`).toEqual([])
  return world
}

const worlds: Record<string, Omit<WorldOptions, 'seed'>> = {
  'a bad network': { clients: 1, calls: 12, steps: 150, hasJournal: false, crashes: false },
  'a bad network, crashes, no journal': { clients: 2, calls: 16, steps: 200, hasJournal: false, crashes: true },
  'a bad network, crashes, journals': { clients: 2, calls: 16, steps: 200, hasJournal: true, crashes: true },
}
const seeds = Number(process.env['SEEDS'] ?? 150)
const first = Number(process.env['SEED'] ?? 1)

describe(`seeds ${first} to ${first + seeds - 1}`, () => {
  for (const [name, options] of Object.entries(worlds)) {
    test(
      name,
      async () => {
        for (let seed = first; seed < first + seeds; seed++) await check({ ...options, seed })
      },
      120_000,
    )
  }
})
