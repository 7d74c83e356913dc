/**
 * The history of a call that broke a promise, for people: who called it and was told what, what happened, and what was done
 * to processes meanwhile.
 */
import type { Evidence, Verdict } from './judge.ts'

const shownMax = 8

/** A text for each of the first findings. */
export function explained({ findings }: Verdict, evidence: Evidence): string[] {
  return findings
    .slice(0, shownMax)
    .map(({ text, tag }) => (tag === undefined ? text : `${text}\n${history(tag, evidence)}`))
}

function history(tag: string, { lives, stored, counted, paid, blows, linkLog }: Evidence): string {
  const xids = new Set<string>()
  const lines: { readonly atMs: number; readonly text: string }[] = []
  const isIt = (other: string): boolean => other === tag || other === `${tag}/1` || other === `${tag}/2`
  for (const { client, entries } of lives) {
    for (const entry of entries) {
      if (!isIt(entry.tag)) continue
      const said =
        entry.kind === 'called'
          ? `called, until ${entry.until}`
          : 'word' in entry
            ? `${entry.kind}: ${entry.word} ${entry.detail}`
            : ''
      lines.push({ atMs: entry.atMs, text: `${client} ${said}` })
      if ('detail' in entry && entry.detail.includes(':')) xids.add(entry.detail.slice(entry.detail.indexOf('@') + 1))
    }
  }
  for (const { tag: other, answer, server, xid, atMs } of [...stored.transfers, ...counted, ...paid])
    if (isIt(other)) {
      xids.add(xid)
      lines.push({ atMs, text: `${server} ran ${other} as ${xid}, answer ${answer}` })
    }
  for (const line of linkLog) {
    const [at = '', ...rest] = line.split(' ')
    if (rest.some((word) => xids.has(word))) lines.push({ atMs: Date.parse(at), text: `link: ${rest.join(' ')}` })
  }
  const [first, last] = [Math.min(...lines.map(({ atMs }) => atMs)), Math.max(...lines.map(({ atMs }) => atMs))]
  for (const { what, fromMs, toMs } of blows)
    if (toMs >= first - 500 && fromMs <= last + 500)
      lines.push({ atMs: fromMs, text: `${what}, for ${toMs - fromMs} ms` })
  return lines
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ atMs, text }) => `  ${new Date(atMs).toISOString().slice(11, 23)}  ${text}`)
    .join('\n')
}
