/**
 * Goal: Apache Thrift's own libraries and ours understand each other. Method: what `npm run interop` does, with the peers
 * that are installed here and a few combinations each; which are not, and how to get them, is printed.
 */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startOurServer } from './interop/our-server.ts'
import { callPeer } from './interop/our-client.ts'
import { oncePeers, runOnce } from './interop/once.ts'
import { build, isBuilt, isInstalled, serveFrom } from './interop/peer-process.ts'
import { peers } from './interop/peers.ts'
import { run } from './interop/run.ts'
import { mustBeBuilt, oncewire, type Ran } from './support/cli.ts'

const shortList = [
  'binary/framed',
  'compact/unframed/multiplexed',
  'compact/header',
  'binary/http',
  'binary/framed/uuid',
]

/** To build: not while tests run. */
const takesLong = ['go', 'java', 'cpp']

/** The table that peers are tried with must hold between ourselves. */
test('our client and our server', async () => {
  const server = await startOurServer()
  for (const combination of [...shortList, 'json/unframed']) {
    for await (const { case: name, ok, detail } of callPeer(combination, server.port))
      expect({ name, ok, detail }, combination).toEqual({ name, ok: true, detail: undefined })
  }
  await server.close()
}, 60_000)

test('the terminal calls a stock server by its IDL', async () => {
  const peer = peers.find(({ name }) => isInstalled(name))
  if (peer === undefined) return console.log('no peer is installed: bash test/interop/install.sh python')
  mustBeBuilt()
  build(peer.name)
  const combinations = ['binary/framed', 'compact/unframed/multiplexed']
  const { ports, stop } = await serveFrom(peer.name, combinations)
  try {
    for (const combination of combinations) {
      const [codec = '', framing = '', multiplexed] = combination.split('/')
      const how = ['--codec', codec, '--framing', framing, ...(multiplexed === undefined ? [] : ['--multiplexed'])]
      const call = (method: string, ...words: string[]): Ran => {
        const url = `tcp://127.0.0.1:${ports.get(combination)}`
        return oncewire(
          join(import.meta.dirname, 'interop/idl'),
          'call',
          url,
          method,
          '--idl',
          'cross.thrift',
          ...how,
          ...words,
        )
      }
      const many = ['x=3', 'y=-4', 'yes=true', 'text=many', 'color=RED', 'bytes=[7]']
      expect(call('Cross.many', ...many)).toEqual({ code: 0, stdout: '{ "x": 3, "y": -4 }\n', stderr: '' })
      expect(call('Cross.fail', 'how=plain')).toMatchObject({ code: 1, stdout: '' })
      // Multiplexed, a stock server may end the connection where it does not know a service.
      if (multiplexed === undefined) expect(call('Older.nowhere', 'name=x')).toMatchObject({ code: 3, stdout: '' })
    }
  } finally {
    stop()
  }
}, 60_000)

describe('peers', () => {
  for (const peer of peers) {
    test(
      peer.name,
      async () => {
        if (!isInstalled(peer.name)) {
          console.log(`${peer.name} is not installed, so it was not tried: bash test/interop/install.sh ${peer.name}`)
          return
        }
        if (takesLong.includes(peer.name) && !isBuilt(peer.name)) {
          console.log(`${peer.name} is not built, so it was not tried: npm run interop -- --only ${peer.name}`)
          return
        }
        build(peer.name)
        const wrong: unknown[] = []
        for await (const row of run(peer, (combination) => shortList.includes(combination)))
          if (row.verdict === 'failed' || row.verdict === 'mended') wrong.push(row)
        if (oncePeers.includes(peer.name)) {
          const way = peer.name === 'go' ? 'field binary/framed' : 'header compact/header'
          for await (const row of runOnce(peer.name, [way])) if (!row.ok) wrong.push(row)
        }
        expect(wrong).toEqual([])
      },
      120_000,
    )
  }
})
