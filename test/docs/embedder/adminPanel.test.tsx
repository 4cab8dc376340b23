// @vitest-environment jsdom
import { setupServer } from 'msw/node'
import { expect, test } from 'vitest'
import { drivenMockBackend } from 'xstate-session/msw'
import { modelSuite, sessionDriver } from 'xstate-session/testing'
import { openPanel } from './panel.tsx'

const backend = drivenMockBackend()
setupServer(...backend.handlers).listen()
const shown = () => document.body.textContent
const driver = sessionDriver({
  backend,
  mount: openPanel,
  shows: ({ to }) => expect.poll(shown).toContain(to.isAuthenticated ? 'Users' : 'Sign in'),
})
for (const { name, run } of modelSuite(driver, { shared: true, start: 'pending' }).paths) test(name, run)
