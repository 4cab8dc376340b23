import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import {
  SessionGuard,
  SessionProvider,
  useExpiryCountdown,
  useReasonText,
  useUser,
} from 'xstate-session/react'
import { loggedIn, start } from '../session/fixture.ts'

function Page() {
  const user = useUser()
  const seconds = useExpiryCountdown()
  return <p>{`${user?.id} ${seconds}`}</p>
}

function Login() {
  return <p>{useReasonText()}</p>
}

test('E7 a server renders whatever the session is, without a document and a window', async () => {
  expect([typeof document, typeof window]).toEqual(['undefined', 'undefined'])
  const { session } = await loggedIn()
  const nobody = start()
  const page = (of: typeof session) => (
    <SessionProvider session={of}>
      <SessionGuard fallback={<Login />}>
        <Page />
      </SessionGuard>
    </SessionProvider>
  )
  expect(renderToString(page(session))).toBe('<p>ada null</p>')
  expect(renderToString(page(nobody.session))).toBe('<p>Please sign in.</p>')
})

test('E7 a worker without a document, a window and all that only Node has runs a session and renders it', async () => {
  const worker = new Worker(fileURLToPath(new URL('bare.worker.ts', import.meta.url)))
  const [message] = await once(worker, 'message')
  expect(message).toEqual({ html: '<p>ada null</p>', served: 'served', state: 'loggedOut' })
  await worker.terminate()
})
