import { type Account, accounts } from './accounts.ts'
import { startBackend } from './startBackend.ts'

const port = Number(process.env.BACKEND_PORT ?? 3080)
const providerPort = Number(process.env.PROVIDER_PORT ?? 3081)

const knobs = {
  sessionMs: Number(process.env.SESSION_EXPIRY ?? 900_000),
  refreshMs: Number(process.env.REFRESH_TOKEN_EXPIRY ?? 604_800_000),
  reuseTokens: process.env.OPENID_REUSE_TOKENS !== 'false',
  strictTenant: process.env.TENANT_ISOLATION_STRICT === 'true',
  limiter: { enabled: process.env.LIMITER === 'true' },
}

const panelUrl = process.env.ADMIN_PANEL_URL ?? 'http://localhost:3000'

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

try {
  const backend = await startBackend({ port, providerPort, panelUrl, knobs })
  console.log(`
Backend   ${backend.url}
Provider  ${backend.providerUrl}   (OpenID; sign-in shows a list to choose from)

  e-mail               kind    rights    tenant  sign in with
${Object.values(accounts).map(describe).join('\n')}

Try it:
  curl -i ${backend.url}/api/admin/login/local -H 'Content-Type: application/json' \\
    -d '{"email":"${accounts.localAdmin.email}","password":"${accounts.localAdmin.password}"}'

Access tokens live ${knobs.sessionMs / 1000} s; the login limiter is ${knobs.limiter.enabled ? 'on' : 'off'}.
Change with SESSION_EXPIRY=10000 LIMITER=true OPENID_REUSE_TOKENS=false ... Stop with Ctrl-C.
`)

  const stop = (): void => void backend.close()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
} catch (error) {
  if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
  console.error(
    `Port ${port} or ${providerPort} is taken. Choose others with BACKEND_PORT and PROVIDER_PORT.`,
  )
  process.exitCode = 1
}
