/**
 * Goal: Apache Thrift's own libraries and ours understand each other. Method: what `npm run interop` does, with the peers
 * that are installed here and a few combinations each; which are not, and how to get them, is printed.
 */
import { describe, expect, test } from 'vitest'
import { startOurServer } from './interop/our-server.ts'
import { callPeer } from './interop/our-client.ts'
import { build, isInstalled } from './interop/peer-process.ts'
import { peers } from './interop/peers.ts'
import { run } from './interop/run.ts'

const shortList = [
  'binary/framed',
  'compact/unframed/multiplexed',
  'compact/header',
  'binary/http',
  'binary/framed/uuid',
]

/** The table that peers are tried with must hold between ourselves. */
test('our client and our server', async () => {
  const server = await startOurServer()
  for (const combination of [...shortList, 'json/unframed']) {
    for await (const { case: name, ok, detail } of callPeer(combination, server.port))
      expect({ name, ok, detail }, combination).toEqual({ name, ok: true, detail: undefined })
  }
  await server.close()
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
        build(peer.name)
        const wrong: unknown[] = []
        for await (const row of run(peer, (combination) => shortList.includes(combination)))
          if (row.verdict === 'failed' || row.verdict === 'mended') wrong.push(row)
        expect(wrong).toEqual([])
      },
      120_000,
    )
  }
})
