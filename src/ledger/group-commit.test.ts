/**
 * Goal: who shares a transaction, who is told when, and what a failure means. Method: a transaction that writes down what
 * is asked of it, and fails when the test says so.
 */
import { describe, expect, test } from 'vitest'
import { GroupCommit } from './group-commit.ts'

function group(fails: { begin?: boolean; commit?: boolean; rollback?: boolean } = {}) {
  const steps: string[] = []
  const step = (name: 'begin' | 'commit' | 'rollback') => () => {
    steps.push(name)
    if (fails[name] === true) throw new Error(`${name} failed`)
  }
  const commit = new GroupCommit(
    { begin: step('begin'), commit: step('commit'), rollback: step('rollback') },
    { nowMs: () => 0, soon: setImmediate },
  )
  const add = (name: string, isAlone = false): Promise<string> =>
    commit.add(
      () => {
        steps.push(name)
        return name
      },
      { isAlone },
    )
  return { steps, fails, commit, add }
}

describe('a turn of the loop', () => {
  test('shares one transaction; answers come after its commit (H7)', async () => {
    const { steps, add } = group()
    const told = ['a', 'b'].map((name) => add(name).then((answer) => steps.push(`told ${answer}`)))
    await Promise.all(told)
    expect(steps).toEqual(['begin', 'a', 'b', 'commit', 'told a', 'told b'])
  })

  test('what is to be alone shares with nobody, before or behind', async () => {
    const { steps, add } = group()
    await Promise.all([add('a'), add('b', true), add('c'), add('d')])
    expect(steps.join(' ')).toBe('begin a commit begin b commit begin c d commit')
  })
})

describe('a failure', () => {
  test('of one piece of work fails all that share its transaction, and nobody else', async () => {
    const { steps, add, commit } = group()
    const bad = (): Promise<never> => commit.add(() => expect.fail('of the work'))
    const ended = await Promise.allSettled([add('a'), bad(), add('b', true)])
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
    expect(ended[0]).toMatchObject({ reason: { code: 'ledger-failed', executed: 'unknown' } })
    expect(steps.join(' ')).toBe('begin a rollback begin b commit')
  })

  test('of a commit that was rolled back: the next one goes on', async () => {
    const { add, fails } = group({ commit: true })
    await expect(add('a')).rejects.toMatchObject({ code: 'ledger-failed' })
    fails.commit = false
    expect(await add('b')).toBe('b')
  })

  test('of a commit that could not be rolled back: the writer stops', async () => {
    const { steps, add, fails } = group({ commit: true, rollback: true })
    await expect(add('a')).rejects.toMatchObject({ code: 'ledger-failed' })
    fails.commit = fails.rollback = false
    await expect(add('b')).rejects.toThrow('the ledger stopped')
    expect(steps).not.toContain('b')
  })

  test('to begin fails all that wait', async () => {
    const { add } = group({ begin: true })
    const ended = await Promise.allSettled([add('a'), add('b', true)])
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})

test('closing does what waits, and takes no more', async () => {
  const { add, commit } = group()
  const waiting = add('a')
  commit.close()
  expect(await waiting).toBe('a')
  await expect(add('b')).rejects.toThrow('the ledger is closed')
})
