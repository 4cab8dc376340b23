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
