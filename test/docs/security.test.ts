import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { faults } from '../faults.ts'
import { world } from '../server/world.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = await readFile(`${root}docs/security.md`, 'utf8')

/** A section, its line breaks taken out. */
const section = (title: string) =>
  (page.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '').replace(/\s+/g, ' ')
const open = section('What is not defended')

test('security: every row that the page names exists', () => {
  const named = [...page.matchAll(/\[([A-Z]\d+(?:, [A-Z]\d+)*)\]/g)].flatMap(([, ids = '']) =>
    ids.split(', '),
  )
  expect(named.length).toBeGreaterThan(40)
  expect(named.filter((id) => !(id in faults))).toEqual([])
})

test('security: every file that the checklist names exists', () => {
  const here = readdirSync(`${root}src/server`)
  const files = [...section('Checklist').matchAll(/`([\w/.]+\.ts|src\/\w+|test\/\w+)`/g)].map(
    ([, file = '']) => file,
  )
  expect(files.length).toBeGreaterThan(10)
  expect(files.filter((file) => !here.includes(file) && !existsSync(root + file))).toEqual([])
})

test('X33: there is no DPoP, and the page says so', () => {
  expect(open).toMatch(/\(X33\).*There is no DPoP here/)
  expect(open).toContain('no nonce challenge is ever answered')
})

test('X35: patched globals are not defended, and the page says so', () => {
  expect(open).toMatch(/\(X35\).*patches `fetch`.*one that comes first sees everything/)
})

test('X35: a patch that comes after the server sees none of its calls', async () => {
  const { backend, serve } = await world()
  const { page: browser } = serve()
  const original = globalThis.fetch
  onTestFinished(() => {
    globalThis.fetch = original
  })
  let seen = 0
  globalThis.fetch = (...args) => {
    seen++
    return original(...args)
  }
  await browser.post('/session/login', backend.accounts.localAdmin)
  expect((await browser.get('/api/admin/users')).status).toBe(200)
  backend.operator.invalidateBearers()
  expect((await browser.get('/api/admin/users')).status).toBe(200)
  expect(backend.log.presentations).toHaveLength(1)
  expect(seen).toBe(0)
})

test('X37: that memory shows secrets is said, and nothing is promised', () => {
  expect(open).toMatch(/\(X37\).*cannot erase a string.*heap snapshot, a core dump, swap/)
  expect(page).not.toMatch(/zeroed|zeroi[sz]ed|wiped/i)
})

/** The ids of the requirements of a part of the page, in order. */
const idsOf = (title: string) =>
  [
    ...(page.split(/^##+ /m).find((part) => part.startsWith(title)) ?? '').matchAll(/^\| (\d[\d.]*) \|/gm),
  ].map(([, id = '']) => id)
const counted = (chapter: number, counts: readonly number[]) =>
  counts.flatMap((count, i) => Array.from({ length: count }, (_, n) => `${chapter}.${i + 1}.${n + 1}`))

test.each([
  ['V7, sessions', counted(7, [3, 4, 2, 5, 3, 2])],
  ['V10, OAuth', counted(10, [2, 3, 5, 16, 5, 2, 3])],
  [
    'Browser-based apps',
    [
      ...['6.1.2.1', '6.1.2.2', '6.1.2.3', '6.1.2.4', '6.1.3.1', '6.1.3.2', '6.1.3.3'],
      ...['6.1.3.3.1', '6.1.3.3.2', '6.1.3.3.3', '6.1.3.4', '6.1.3.5', '6.1.3.6', '6.1.3.7'],
    ],
  ],
])('security: every requirement of "%s" is there once, in order', (title, ids) => {
  expect(idsOf(title)).toEqual(ids)
})

test('security: every requirement says whether it is met', () => {
  const rows = [...page.matchAll(/^\| (?:7|10|6\.1)\.[\d.]+ \|([^|]*)\|([^|]*)\|/gm)]
  expect(rows).toHaveLength(19 + 36 + 14)
  for (const [row, about = '', met = ''] of rows) {
    expect(about.trim(), row).not.toBe('')
    expect(met.trim(), row).toMatch(/^(yes|no|in part|yours|not used|LibreChat's|the provider's)\b/)
  }
})
