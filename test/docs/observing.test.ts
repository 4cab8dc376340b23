import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { SessionServer } from 'xstate-session/server'
import { startBackend } from '../../examples/backend/startBackend.ts'
import { browser } from '../server/browser.ts'
import { SECRET } from '../server/world.ts'
import { runSample } from './samples.ts'

const PAGE = 'docs/operations.md'
const PUBLIC = 'https://admin.example.com'

/** A part of each sample of the page, by which it is found. */
const SAMPLES = { log: 'jsonLines()', audit: 'audit.jsonl', openTelemetry: 'openTelemetry()' } as const

test('U63: the log of the page is one JSON object a notice, and holds nothing of anybody', async () => {
  const backend = await startBackend({ panelUrl: PUBLIC })
  onTestFinished(() => backend.close())
  vi.stubEnv('SESSION_SECRET', SECRET)
  onTestFinished(() => void vi.unstubAllEnvs())
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
  onTestFinished(() => log.mockRestore())
  const { server } = await runSample<{ readonly server: SessionServer }>(
    PAGE,
    SAMPLES.log,
    { "'http://librechat:3080'": JSON.stringify(backend.url) },
    ['server'],
  )
  const page = browser((request) => server.handle(request), PUBLIC)
  await page.post('/session/login', backend.accounts.localAdmin)
  await page.post('/session/login', { email: 'nobody@example.com', password: 'x' })
  const notices = lines.map((line) => JSON.parse(line) as { time: string; level: string; type: string })
  expect(notices.map(({ level, type }) => [level, type])).toEqual([
    ['info', 'login'],
    ['warn', 'loginRefused'],
  ])
  for (const { time } of notices) expect(new Date(time).toISOString()).toBe(time)
  expect(lines.join()).not.toMatch(/@/)
})

test('U63: no sample of the page is left out', async () => {
  const text = await readFile(new URL(`../../${PAGE}`, import.meta.url), 'utf8')
  const samples = [...text.matchAll(/^```tsx?\n(.*?)^```$/gms)].map(([, code = '']) => code)
  expect(samples).toHaveLength(Object.keys(SAMPLES).length)
  const parts = Object.values(SAMPLES)
  expect(samples.filter((sample) => !parts.some((part) => sample.includes(part)))).toEqual([])
})
