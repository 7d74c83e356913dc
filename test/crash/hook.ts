/**
 * In a process that may crash: notes every point that it comes to, and kills itself at the one that it is told to.
 * Nothing counts before the file CRASH_ARMED is there: that is how one says "on the retransmission".
 */
import { appendFileSync, existsSync } from 'node:fs'

declare global {
  var oncewireCrashPoint: (name: string) => void
}

const { CRASH_AT = '', CRASH_ARMED = '', CRASH_SEEN = '' } = process.env
const hits = new Map<string, number>()

globalThis.oncewireCrashPoint = (name) => {
  if (!existsSync(CRASH_ARMED)) return
  const hit = (hits.get(name) ?? 0) + 1
  hits.set(name, hit)
  appendFileSync(CRASH_SEEN, `${name} ${hit}\n`)
  if (`${name} ${hit}` !== CRASH_AT) return
  process.kill(process.pid, 'SIGKILL')
  for (;;); // Not one statement more, however the signal comes.
}
