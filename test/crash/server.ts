/**
 * The server of the crash stories, a process of its own: `node server.mjs LEDGER TAPE`. LEDGER is a file or a postgres:
 * URL; what is not in the ledger (notes, cash) stands on TAPE, synced. Prints its address; ends with its standard input.
 */
import './hook.ts'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { createServer, external } from '../../src/index.ts'
import { postgres } from '../../src/ledger/postgres.ts'
import { sqlite } from '../../src/ledger/sqlite.ts'
import { Till } from './till.ts'

const [place = '', tape = ''] = process.argv.slice(2)
const schema = 'CREATE TABLE IF NOT EXISTS effect (what TEXT NOT NULL)'

const onTape = (what: string): number =>
  existsSync(tape)
    ? readFileSync(tape, 'utf8')
        .split('\n')
        .filter((line) => line === what).length
    : 0

function write(what: string): void {
  const file = openSync(tape, 'a')
  writeSync(file, `${what}\n`)
  fsyncSync(file)
  closeSync(file)
}

/** Those that leave something on the tape. */
const taping = {
  note(what: string): string {
    globalThis.oncewireCrashPoint('handler:before-effect')
    write(what)
    globalThis.oncewireCrashPoint('handler:after-effect')
    return `${what} noted`
  },
  dispense: external<[what: string], string, number>({
    prepare: (what) => onTape(what),
    perform(what) {
      globalThis.oncewireCrashPoint('external:in-perform-before-effect')
      write(what)
      globalThis.oncewireCrashPoint('external:in-perform-after-effect')
      return `${what} out`
    },
    reconcile: (what, { evidence }) =>
      onTape(what) === evidence ? { executed: 'never' } : { executed: 'once', result: `${what} out` },
  }),
}

const log = (): void => {}
const server = place.startsWith('postgres:')
  ? createServer({ ledger: await postgres(place, { schema, connectionsMax: 6 }), name: 'till', log }).add(Till, {
      ...taping,
      async pay(what, { tx }) {
        await tx.query('INSERT INTO effect VALUES ($1)', [what])
        return `${what} paid`
      },
    })
  : createServer({ ledger: await sqlite(place, { schema }), name: 'till', log }).add(Till, {
      ...taping,
      pay(what, { tx }) {
        tx.run('INSERT INTO effect VALUES (?)', what)
        return `${what} paid`
      },
    })
const { url } = await server.listen('tcp://127.0.0.1:0')
process.stdin.on('end', () => process.exit()).resume()
console.log(url)
