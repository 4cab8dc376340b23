import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { sqliteServerStore } from 'xstate-session/sqlite'
import { serverStoreConformance } from 'xstate-session/testing'
import { Misconfigured } from '../../src/base/errors.ts'
import { fakeClock } from '../fakeClock.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'entries-'))
  path = join(folder, 'sessions.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

const expiresAt = Date.UTC(2100, 0)

describe('sqliteServerStore', () => {
  const suite = serverStoreConformance({
    async create() {
      const clock = fakeClock()
      const store = sqliteServerStore({ path, clock })
      const other = sqliteServerStore({ path, clock })
      const close = () => {
        store.close()
        other.close()
      }
      return { store, other, now: clock.wall, advance: clock.advance, close }
    },
  })
  for (const { name, run } of suite) test(name, run)

  test('survives a restart', async () => {
    const before = sqliteServerStore({ path })
    await before.compareAndSet('k', null, { value: 'a', expiresAt, tags: ['s'] })
    before.close()
    const after = sqliteServerStore({ path })
    expect(await after.read('k')).toEqual({ value: 'a', revision: 1 })
    expect(await after.keysOf('s')).toEqual(['k'])
    after.close()
  })

  /** The files of the folder, with the rights of everybody. */
  const modes = () =>
    Object.fromEntries(
      readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]),
    )
  const PRIVATE = { 'sessions.db': '600', 'sessions.db-wal': '600', 'sessions.db-shm': '600' }

  test('U23: its files are for their owner alone, whatever the umask', async () => {
    const old = process.umask(0)
    onTestFinished(() => void process.umask(old))
    const store = sqliteServerStore({ path })
    await store.compareAndSet('k', null, { value: 'a', expiresAt })
    expect(modes()).toEqual(PRIVATE)
    store.close()
    expect(modes()).toEqual({ 'sessions.db': '600' })
  })

  test('U23: so are those that others could read before', async () => {
    const first = sqliteServerStore({ path })
    await first.compareAndSet('k', null, { value: 'a', expiresAt })
    for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644)
    const second = sqliteServerStore({ path })
    expect(modes()).toEqual(PRIVATE)
    expect(await second.read('k')).toEqual({ value: 'a', revision: 1 })
    first.close()
    second.close()
  })

  test('U23: the file of something else keeps its rights', () => {
    new DatabaseSync(path).exec('CREATE TABLE t (a)')
    chmodSync(path, 0o644)
    expect(() => sqliteServerStore({ path })).toThrow(/of another program/)
    expect(modes()).toEqual({ 'sessions.db': '644' })
  })

  test('what another process wrote before it was killed is there', async () => {
    const script = `
      import { sqliteServerStore } from ${JSON.stringify(new URL('../../src/sqlite/sqliteServerStore.ts', import.meta.url).href)}
      const store = sqliteServerStore({ path: ${JSON.stringify(path)} })
      await store.compareAndSet('k', null, { value: 'rotated', expiresAt: ${expiresAt} })
      process.kill(process.pid, 'SIGKILL')`
    // Sources, as this test has them: there may be no build.
    const sources = new URL('../sources.ts', import.meta.url).href
    const options = ['--import', sources, '--input-type=module', '-e', script]
    const { signal, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8' })
    expect(signal, stderr).toBe('SIGKILL')
    const store = sqliteServerStore({ path })
    expect(await store.read('k')).toEqual({ value: 'rotated', revision: 1 })
    store.close()
  })

  test('a write is on the disk when it resolves: WAL, with a sync at every commit', () => {
    const store = sqliteServerStore({ path })
    // The mode is kept in the file; bytes 18 and 19 of its header are 2.
    expect([...readFileSync(path).subarray(18, 20)]).toEqual([2, 2])
    store.close()
    expect(readFileSync(new URL('../../src/sqlite/sqliteServerStore.ts', import.meta.url), 'utf8')).toContain(
      'PRAGMA synchronous = FULL',
    )
  })

  test('forgets what has expired, some at a time', async () => {
    const clock = fakeClock()
    const store = sqliteServerStore({ path, clock })
    const raw = new DatabaseSync(path)
    const count = () => raw.prepare('SELECT count(*) AS n FROM entries').get()?.n
    raw.exec(`
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
      INSERT INTO entries SELECT 'k' || i, 'x', 1, ${clock.wall()}, '[]' FROM n`)
    const write = (key: string) => store.compareAndSet(key, null, { value: 'x', expiresAt })
    await write('a')
    expect(count()).toBe(501)
    await write('b')
    expect(count()).toBe(2)
    raw.exec(`INSERT INTO entries VALUES ('late', 'x', 1, ${clock.wall()}, '[]')`)
    await write('c')
    expect(count()).toBe(4)
    clock.advance(60_000)
    await write('d')
    expect(count()).toBe(4)
    raw.close()
    store.close()
  })

  test('calls after `close` reject', async () => {
    const store = sqliteServerStore({ path })
    store.close()
    await expect(store.read('k')).rejects.toThrow()
    await expect(store.compareAndSet('k', null, { value: 'x', expiresAt })).rejects.toThrow()
  })

  test('a write that another process holds up rejects in time, and is not made', async () => {
    const store = sqliteServerStore({ path, busyTimeoutMs: 20 })
    const raw = new DatabaseSync(path)
    raw.exec('BEGIN IMMEDIATE')
    await expect(store.compareAndSet('k', null, { value: 'secret', expiresAt })).rejects.toThrow(/locked/)
    raw.exec('ROLLBACK')
    raw.close()
    expect(await store.read('k')).toBeNull()
    store.close()
  })

  /** A second process that holds the lock of the file, until it is told to leave. */
  async function lockedElsewhere() {
    const script = `
      import { DatabaseSync } from 'node:sqlite'
      const database = new DatabaseSync(${JSON.stringify(path)})
      database.exec('BEGIN IMMEDIATE')
      process.stdout.write('locked')
      process.stdin.once('data', () => process.exit())`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    return async () => {
      const gone = once(child, 'exit')
      child.stdin.write('x')
      await gone
    }
  }

  test('U65: while another process holds the lock writes wait in order, reads are served, and the loop turns', async () => {
    const store = sqliteServerStore({ path, busyTimeoutMs: 60_000 })
    onTestFinished(() => store.close())
    await store.compareAndSet('known', null, { value: 'a', expiresAt })
    const unlock = await lockedElsewhere()
    const done: number[] = []
    const writes = [1, 2, 3].map(async (n) => {
      await store.compareAndSet(`k${n}`, null, { value: 'x', expiresAt })
      done.push(n)
    })
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    let turns = 0
    for (const until = performance.now() + 500; performance.now() < until; turns++) {
      expect(await store.read('known')).toEqual({ value: 'a', revision: 1 })
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    delay.disable()
    expect(done).toEqual([])
    // A write that waits within SQLite lets no timer fire before it has given up.
    expect(turns).toBeGreaterThan(50)
    expect(delay.max / 1e6).toBeLessThan(250)
    await unlock()
    await Promise.all(writes)
    expect(done).toEqual([1, 2, 3])
  })

  test('U65: all writes that wait give up in time, each by its own, and are not made', async () => {
    const clock = fakeClock()
    const store = sqliteServerStore({ path, clock, busyTimeoutMs: 1_000 })
    onTestFinished(() => store.close())
    const unlock = await lockedElsewhere()
    const write = (key: string) => store.compareAndSet(key, null, { value: 'x', expiresAt })
    const first = [expect(write('a')).rejects.toThrow(/locked/), expect(write('b')).rejects.toThrow(/locked/)]
    const until = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 50) {
        await new Promise(setImmediate)
        clock.advance(50)
      }
    }
    await until(600)
    const late = write('c')
    await until(500)
    await Promise.all(first)
    await unlock()
    await until(100)
    expect(await late).toBe(1)
    expect(await Promise.all(['a', 'b'].map((key) => store.read(key)))).toEqual([null, null])
    expect(clock.pending()).toEqual([])
  })

  test.each([
    ['deleted', () => rmSync(path)],
    ['replaced', () => renameSync(path, `${path}-old`)],
    ['deleted, of what belongs to it', () => rmSync(`${path}-wal`)],
  ])('U70: a file that is %s while it is open is noticed by every call', async (_, happen) => {
    const clock = fakeClock()
    const store = sqliteServerStore({ path, clock })
    onTestFinished(() => store.close())
    await store.compareAndSet('k', null, { value: 'secret', expiresAt, tags: ['s'] })
    await store.compareAndSet('k', 1, { value: 'secret', expiresAt, tags: ['s'] })
    happen()
    if (_ === 'replaced') sqliteServerStore({ path }).close()
    await expect(store.compareAndSet('k', 2, { value: 'secret', expiresAt })).rejects.toThrow(
      /deleted or replaced.*restart this process/,
    )
    for (const call of [() => store.read('k'), () => store.keysOf('s')])
      await expect(call()).rejects.toThrow(/deleted or replaced/)
  })

  test.each([
    ['a folder that is not there', () => join(folder, 'none', 'sessions.db'), /cannot be opened/],
    ['a folder', () => folder, /cannot be opened/],
    ['no path', () => '', /`path`/],
  ])('says what is wrong with %s', (_, at, message) => {
    const opening = () => sqliteServerStore({ path: at() })
    expect(opening).toThrow(Misconfigured)
    expect(opening).toThrow(message)
  })

  test('S4 a file that is no database is said to be none, and left alone', () => {
    writeFileSync(path, 'not a database, but long enough to look at '.repeat(100))
    const before = readFileSync(path)
    expect(() => sqliteServerStore({ path })).toThrow(/cannot be opened \(file is not a database\)/)
    expect(readFileSync(path)).toEqual(before)
  })

  test('the database of something else is left alone', () => {
    const raw = new DatabaseSync(path)
    raw.exec('CREATE TABLE notes (x)')
    raw.close()
    const before = readFileSync(path)
    expect(() => sqliteServerStore({ path })).toThrow(/of another program/)
    expect(readFileSync(path)).toEqual(before)
  })

  test('S7 a database of a newer release is left alone', async () => {
    const store = sqliteServerStore({ path })
    await store.compareAndSet('k', null, { value: 'a', expiresAt })
    store.close()
    const raw = new DatabaseSync(path)
    raw.exec('PRAGMA user_version = 3')
    raw.close()
    const before = readFileSync(path)
    const opening = () => sqliteServerStore({ path })
    expect(opening).toThrow(Misconfigured)
    expect(opening).toThrow(/newer release/)
    expect(readFileSync(path)).toEqual(before)
  })
})
