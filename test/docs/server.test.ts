import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createMetrics } from '../../examples/server/metrics.ts'
import { world } from '../server/world.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('deployment: every variable that the example reads is on the page', async () => {
  const settings = await readFile(`${root}examples/server/settings.ts`, 'utf8')
  const page = await readFile(`${root}docs/deployment.md`, 'utf8')
  const names = new Set([...settings.matchAll(/need\('(\w+)'\)|env\.(\w+)/g)].map(([, a, b]) => a ?? b ?? ''))
  expect(names.size).toBeGreaterThan(8)
  expect([...names].filter((name) => !page.includes(`\`${name}\``) && !page.includes(`\`${name}=`))).toEqual(
    [],
  )
})

test('the metrics of the example count words, never sessions, and time each refresh once', async () => {
  let now = 0
  const metrics = createMetrics(() => now)
  const of = { session: 'abcdefghijkl', epoch: 1, version: 1 }
  metrics.count({ type: 'refreshSent', attemptId: 'attempt-1', ...of })
  now = 300
  metrics.count({ type: 'refreshed', ...of, version: 2 })
  metrics.count({ type: 'refreshed', ...of, version: 3 })
  metrics.count({ type: 'ended', session: of.session, reason: 'idle' })
  const text = await metrics.text()
  expect(text).toContain('session_notices_total{type="refreshed",detail=""} 2\n')
  expect(text).toContain('session_notices_total{type="ended",detail="idle"} 1\n')
  expect(text).toContain('session_refresh_seconds_bucket{le="0.25"} 0\n')
  expect(text).toContain('session_refresh_seconds_bucket{le="0.5"} 1\n')
  expect(text).toContain('session_refresh_seconds_sum 0.3\nsession_refresh_seconds_count 1\n')
  expect(text).not.toMatch(/abcdefghijkl|attempt-1/)
})

test('the metrics of the example count what a real server tells', async () => {
  const w = await world({ knobs: { sessionMs: 600_000 } })
  const metrics = createMetrics()
  const { page } = w.serve({ observe: metrics.count })
  await page.post('/session/login', w.backend.accounts.localAdmin)
  await page.post('/session/login', { email: 'nobody@example.com', password: 'x' })
  w.pass(11 * 60_000)
  await Promise.all(Array.from({ length: 20 }, () => page.get('/api/admin/users')))
  const text = await metrics.text()
  for (const line of [
    'session_notices_total{type="login",detail=""} 1',
    'session_notices_total{type="loginRefused",detail="invalid_credentials"} 1',
    'session_notices_total{type="refreshed",detail=""} 1',
    'session_refresh_seconds_count 1',
  ])
    expect(text.split('\n')).toContain(line)
  expect(text).not.toMatch(/@/)
})
