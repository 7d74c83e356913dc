/**
 * Makes docs/errors.md from the table of codes: `node scripts/errors-doc.mjs --write` (after a build).
 */
import { writeFileSync } from 'node:fs'

/**
 * @param {Readonly<Record<string, { executed: readonly string[], meaning: string, advice: string }>>} codes
 * @returns {string}
 */
export function errorsDocument(codes) {
  const head = [
    '# Error codes',
    '',
    'Every failure that is not an exception of your IDL is an `OncewireError` with one of these codes. `executed` says what',
    'became of the call: `never` (no effect, now or later: safe to try again), `once` (the handler ran), `unknown` (nobody',
    'here can tell; `await error.resolved` where it is there). `oncewire explain CODE` prints one of them.',
  ]
  const entries = Object.entries(codes).flatMap(([code, { executed, meaning, advice }]) => [
    '',
    `## ${code}`,
    '',
    meaning,
    '',
    `- executed: ${executed.map((word) => `\`${word}\``).join(', ')}`,
    `- what to do: ${advice}`,
  ])
  return `${[...head, ...entries].join('\n')}\n`
}

if (process.argv[2] === '--write') {
  const { codes } = await import('../dist/errors/codes.js')
  writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsDocument(codes))
}
