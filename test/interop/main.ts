/**
 * `npm run interop`: every peer that is installed, in all it can speak, both ways. Writes the section `peers` of
 * docs/interop.md when all of them ran.
 *
 *     npm run interop -- [--only PEER[,PEER]] [--combination TEXT] [--json]
 *
 * Exit code 1: a case failed, an expected fault of a peer no longer occurs, a peer could not be built or run, or nothing
 * was tried.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeSection } from '../../scripts/doc-section.mjs'
import { type OnceRow, oncePeers, runOnce } from './once.ts'
import { build, isInstalled, versionOf } from './peer-process.ts'
import { type Peer, peers } from './peers.ts'
import { report, tally } from './report.ts'
import { type Row, run } from './run.ts'

const isTerminal = process.stderr.isTTY
const say = (text: string): void => void process.stderr.write(`${isTerminal ? '\r\u001b[K' : ''}${text}\n`)
const progress = (text: string): void => void (isTerminal && process.stderr.write(`\r\u001b[K${text}`))

const { only, combination, json } = options()
const ran: { peer: Peer; version: string }[] = []
const rows: Row[] = []
const once: OnceRow[] = []
let brokenCount = 0
for (const peer of chosen(only)) {
  try {
    await tryPeer(peer)
  } catch (error) {
    brokenCount++
    say(`FAILED ${(error as Error).message}`)
  }
}
const { failed, mended } = tally(rows)
const failedCount = failed + mended + once.filter(({ ok }) => !ok).length
if (ran.length === peers.length && brokenCount === 0 && combination === '') {
  writeSection(join(import.meta.dirname, '..', '..', 'docs', 'interop.md'), 'peers', report(ran, rows, once))
  say('docs/interop.md holds the tables')
} else say('docs/interop.md is left as it is: that was not every peer in every combination')
if (rows.length === 0) say('nothing was tried')
process.exitCode = failedCount + brokenCount > 0 || rows.length === 0 ? 1 : 0

function options(): { readonly only: string | undefined; readonly combination: string; readonly json: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        combination: { type: 'string', default: '' },
        json: { type: 'boolean', default: false },
      },
    })
    return { only: values.only, combination: values.combination, json: values.json }
  } catch (error) {
    console.error(`${(error as Error).message}\nnpm run interop -- [--only PEER[,PEER]] [--combination TEXT] [--json]`)
    process.exit(2)
  }
}

/** The peers of `--only`. */
function chosen(only: string | undefined): readonly Peer[] {
  const names = only?.split(',')
  const unknown = names?.filter((name) => !peers.some((peer) => peer.name === name)) ?? []
  if (unknown.length === 0) return peers.filter((peer) => names?.includes(peer.name) ?? true)
  console.error(`no peer ${unknown.join(', ')}: there are ${peers.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

async function tryPeer(peer: Peer): Promise<void> {
  if (!isInstalled(peer.name)) return say(`${peer.name} is not installed: bash test/interop/install.sh ${peer.name}`)
  progress(`building ${peer.name}`)
  build(peer.name)
  rows.push(...(await runPeer(peer)))
  if (oncePeers.includes(peer.name) && combination === '') once.push(...(await runPeerOnce(peer)))
  ran.push({ peer, version: versionOf(peer.name) })
}

async function runPeer(peer: Peer): Promise<readonly Row[]> {
  const found: Row[] = []
  for await (const row of run(peer, (each) => each.includes(combination))) {
    found.push(row)
    progress(`${peer.name} ${row.caller === 'peer' ? 'calls us' : 'is called'} ${row.combination} ${row.case}`)
    if (json) console.log(JSON.stringify({ ...row, fault: row.fault?.reason }))
    if (row.verdict === 'failed' || row.verdict === 'mended') sayWrong(row)
  }
  const { passed, fault, failed, mended } = tally(found)
  say(`${peer.name}: ${passed} passed, ${fault} known faults of the peer, ${failed + mended} failed`)
  return found
}

async function runPeerOnce(peer: Peer): Promise<readonly OnceRow[]> {
  const found: OnceRow[] = []
  for await (const row of runOnce(peer.name)) {
    found.push(row)
    progress(`${peer.name} calls exactly once, key in ${row.way}: ${row.case}`)
    if (json) console.log(JSON.stringify(row))
    if (!row.ok) say(`FAILED ${peer.name} calls exactly once, key in ${row.way}, ${row.case}: ${row.detail}`)
  }
  const failed = found.filter(({ ok }) => !ok).length
  say(`${peer.name}, exactly once: ${found.length - failed} passed, ${failed} failed`)
  return found
}

function sayWrong({ peer, caller, combination, case: name, verdict, detail, fault }: Row): void {
  const who = caller === 'peer' ? `${peer} calls us` : `we call ${peer}`
  const why = verdict === 'mended' ? `passes, and faults.ts says: ${fault?.reason}` : detail
  say(`FAILED ${who}, ${combination}, ${name}: ${why}`)
}
