import { type Account, accounts } from './accounts.ts'
import { describeEnvironment, readEnvironment, WrongEnvironment } from './environment.ts'
import { type Backend, startBackend } from './startBackend.ts'

function describe(account: Account): string {
  const signIn =
    account.provider === 'local'
      ? `password ${account.password}${account.twoFactorCode ? `, code ${account.twoFactorCode}` : ''}`
      : `provider account ${account.sub}`
  const cells = [
    account.email.padEnd(20),
    account.provider.padEnd(7),
    (account.admin ? 'admin' : 'no admin').padEnd(9),
  ]
  return `  ${cells.join(' ')} ${(account.tenantId ?? '-').padEnd(7)} ${signIn}`
}

function welcome({ url, providerUrl, panelUrl, knobs }: Backend): string {
  const { localAdmin, openidAdmin } = accounts
  return `
Backend   ${url}
Provider  ${providerUrl}   (OpenID; sign-in shows a list to choose from)

  e-mail               kind    rights    tenant  sign in with
${Object.values(accounts).map(describe).join('\n')}

A local session, whose refresh token is a cookie:
  curl -i -c jar ${url}/api/admin/login/local -H 'Content-Type: application/json' \\
    -d '{"email":"${localAdmin.email}","password":"${localAdmin.password}"}'
  curl -i -b jar -c jar -X POST ${url}/api/auth/refresh

An OpenID session, whose refresh token is in the body. Sign in with a browser at
  ${url}/api/admin/oauth/openid
It ends at ${panelUrl}/auth/openid/callback?code=… (no page has to be there). Within 30 s:
  curl -i ${url}/api/admin/oauth/exchange -H 'Origin: ${new URL(panelUrl).origin}' \\
    -H 'Content-Type: application/json' -d '{"code":"…"}'
  curl -i ${url}/api/admin/oauth/refresh -H 'Content-Type: application/json' \\
    -d '{"refresh_token":"…","user_id":"${openidAdmin.id}"}'

Environment, with the defaults:
${describeEnvironment()
  .map((line) => `  ${line}`)
  .join('\n')}

More is in process: startBackend() of examples/backend/startBackend.ts answers with \`knobs\` (all of them, with
their defaults, in examples/backend/knobs.ts), \`faults\` to inject on any route, a \`gateway\` that answers in its
place, and \`operator\`.

Access tokens live ${knobs.sessionMs / 1000} s; the login limiter is ${knobs.limiter.enabled ? 'on' : 'off'}. Stop with Ctrl-C.
`
}

try {
  const backend = await startBackend(readEnvironment(process.env))
  console.log(welcome(backend))
  const stop = (): void => void backend.close()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
} catch (error) {
  const message = explain(error)
  if (message === undefined) throw error
  console.error(message)
  process.exitCode = 1
}

/** What an operator can mend. */
function explain(error: unknown): string | undefined {
  if (error instanceof WrongEnvironment) return error.message
  if (!(error instanceof Error && 'code' in error)) return undefined
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return undefined
  const port = 'port' in error ? String(error.port) : ''
  const why = error.code === 'EACCES' ? 'is not allowed' : 'is taken'
  return `Port ${port} ${why}. Choose others with BACKEND_PORT and PROVIDER_PORT.`
}
