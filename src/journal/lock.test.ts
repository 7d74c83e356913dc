/**
 * Goal: never two living processes on one journal, and none kept out by a dead one. Method: flags of the dead laid out
 * by hand; then processes that open, look around, close and are killed, all at once.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { OncewireError } from '../errors/oncewire-error.ts'
import { openJournal } from './file-journal.ts'

async function place(): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'oncewire-lock-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return { folder, file: join(folder, 'client.journal') }
}

async function refusal(file: string): Promise<OncewireError> {
  const error = await openJournal(file).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(OncewireError)
  return error as OncewireError
}

test('a second opening is refused, by any name of the file, until the first is closed', async () => {
  const { folder, file } = await place()
  const journal = await openJournal(file)
  await symlink(file, join(folder, 'alias'))
  await symlink(folder, join(folder, 'here'))
  for (const name of [file, join(folder, 'alias'), join(folder, 'here', 'client.journal')]) {
    const error = await refusal(name)
    expect(error).toMatchObject({ code: 'journal-locked', executed: 'never' })
    expect(error.message).toContain(`this process (${process.pid})`)
  }
  await journal.close()
  await (await openJournal(file)).close()
})

test('other journals of the folder are other journals', async () => {
  const { folder, file } = await place()
  const journals = [await openJournal(file), await openJournal(join(folder, 'other')), await openJournal(`${file}2`)]
  await Promise.all(journals.map((journal) => journal.close()))
})

test('the flag of a dead process, or of another one that had its number, keeps nobody out and is taken away', async () => {
  const { folder, file } = await place()
  for (const flag of ['999999999.1.0', `${process.pid}.1.0`]) await writeFile(`${file}.lock.${flag}`, '')
  await writeFile(`${file}.lock.smith`, 'no flag of ours')
  await (await openJournal(file)).close()
  expect(await readdir(folder)).toEqual(['client.journal', 'client.journal.lock.smith'])
})

test('a living process is named; kill -9 gives its lock back', async () => {
  const { file } = await place()
  const child = start(holdOpen, file)
  const pid = await openedBy(child)
  expect((await refusal(file)).message).toContain(`process ${pid}:`)
  process.kill(pid, 'SIGKILL')
  await once(child, 'exit')
  await (await openJournal(file)).close()
})

// Only /proc tells the dead who have not been buried from the living.
test.runIf(process.platform === 'linux')('kill -9 gives it back even if the parent never asks', async () => {
  const { file } = await place()
  const parent = start(holdOpen, file, ['bash', '-c', '"$@" & exec sleep 60', 'bash'])
  process.kill(await openedBy(parent), 'SIGKILL')
  await (await openJournal(file)).close()
})

test('of many that open at once, in one process, at most one gets it', async () => {
  const { file } = await place()
  for (let round = 0; round < 10; round++) {
    const opened = await Promise.allSettled(Array.from({ length: 5 }, () => openJournal(file)))
    const journals = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(journals.length).toBeLessThanOrEqual(1)
    await journals[0]?.close()
  }
})

test('of many processes at most one, at any time, while the dead leave their flags', async () => {
  const { folder, file } = await place()
  const held = join(folder, 'held')
  // Each marks that it is inside, in a way that a second one inside cannot do too.
  const script = `
    const { rm, writeFile } = await import('node:fs/promises')
    const mine = process.pid + '\\n'
    for (const end = Date.now() + 800; Date.now() < end; ) {
      const journal = await openJournal(file).catch((error) => error)
      if (journal instanceof Error) { if (journal.code !== 'journal-locked') throw journal; continue }
      await writeFile(${JSON.stringify(held)}, mine, { flag: 'wx' })
      await writeFile(file + '.lock.999999999.1.' + process.pid, '')
      await rm(${JSON.stringify(held)})
      await journal.close()
      await writeFile(${JSON.stringify(join(folder, 'times'))}, mine, { flag: 'a' })
    }`
  const children = Array.from({ length: 4 }, () => start(script, file))
  expect(await Promise.all(children.map((child) => once(child, 'exit')))).toEqual(children.map(() => [0, null]))
  const times = (await readFile(join(folder, 'times'), 'utf8')).trim().split('\n')
  expect(times.length).toBeGreaterThan(10)
}, 60_000)

const holdOpen = 'await openJournal(file); console.log(process.pid); setInterval(() => {}, 1000)'

async function openedBy(child: ChildProcess): Promise<number> {
  const [pid] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  return Number(String(pid))
}

/** A process that runs `script`, below another if `parent` says so. */
function start(script: string, file: string, parent: readonly string[] = []): ChildProcess {
  const journal = pathToFileURL(join(import.meta.dirname, 'file-journal.ts')).href
  const whole = `const { openJournal } = await import(${JSON.stringify(journal)}); const file = process.argv[1]; ${script}`
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', whole, file]
  const [command = '', ...options] = [...parent, ...node]
  const child = spawn(command, options, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}
