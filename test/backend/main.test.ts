import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const main = fileURLToPath(new URL('../../examples/backend/main.ts', import.meta.url))

function run(environment: Record<string, string>) {
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, BACKEND_PORT: '0', PROVIDER_PORT: '0', ...environment },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  return { child, output: () => output }
}

test.each(['SIGINT', 'SIGTERM'] as const)('prints URLs and accounts, and stops on %s', async (signal) => {
  const { child, output } = run({ LIMITER: 'true', SESSION_EXPIRY: '5000' })
  await expect.poll(output).toContain('Ctrl-C')
  const url = /Backend\s+(\S+)/.exec(output())?.[1]
  expect((await fetch(`${url}/api/admin/oauth/openid/check`)).status).toBe(200)
  expect(output()).toContain('ada@local.example')
  expect(output()).toContain('Access tokens live 5 s; the login limiter is on.')
  expect(output()).toContain(`curl -i -b jar -c jar -X POST ${url}/api/auth/refresh`)
  expect(output()).toContain(`curl -i ${url}/api/admin/oauth/refresh`)
  expect(output()).toMatch(/SESSION_EXPIRY +1000 \* 60 \* 15 /)
  expect(output()).toContain('examples/backend/startBackend.ts')
  expect(output()).not.toContain('WARNING')
  child.kill(signal)
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('a taken port is named', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void blocker.close())
  await once(blocker, 'listening')
  const { port } = blocker.address() as AddressInfo
  const { child, output } = run({ PROVIDER_PORT: String(port) })
  expect(await once(child, 'close')).toEqual([1, null])
  expect(output()).toContain(`Port ${port} is taken.`)
  expect(output()).toContain('BACKEND_PORT')
})

test('a value that makes no sense is named, without a stack', async () => {
  const { child, output } = run({ SESSION_EXPIRY: 'abc' })
  expect(await once(child, 'close')).toEqual([1, null])
  expect(output()).toBe(
    'SESSION_EXPIRY must be a whole number from 1000 to 3153600000000, or a product like 1000 * 60 * 15; it is "abc".\n',
  )
})
