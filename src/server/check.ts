import { clockFinding, type Finding, findingsOf } from '../base/finding.ts'
import { randomId } from '../base/randomId.ts'
import { within } from '../base/within.ts'
import type { ServerContext } from './context.ts'
import { isPlainHttp } from './plainHttp.ts'
import type { RunningLogin } from './serverLogin.ts'

/** How long a check waits. */
export interface CheckOptions {
  /** For each part, in milliseconds, above 0. @default 5_000 */
  readonly timeoutMs?: number
}

/**
 * With fewer different characters a person typed the secret: 32 random characters of base64 have about 25 different
 * ones.
 */
const MIN_CHARACTERS = 12
/** No session has this key. */
const KEY = 'check'
const KEPT_MS = 10_000

/** Findings of a part that may not answer; `who` it is. */
type Patiently = (
  of: string,
  who: string,
  look: () => Promise<readonly Finding[]>,
) => Promise<readonly Finding[]>

/** Examines a server from inside: the parts that it depends on, and those of its options that only they can judge. */
export function createCheck({ settings, logins }: ServerContext) {
  const { clock, publicUrl, store, sealedCookies, secrets } = settings

  return async ({ timeoutMs = 5_000 }: CheckOptions = {}): Promise<readonly Finding[]> => {
    const patiently: Patiently = (of, who, look) =>
      within(clock, timeoutMs, look, () => new Error('late')).catch((error: unknown) => [
        findingsOf(of).wrong(
          `${who} does not answer (${codeOf(error)}): check that it runs, and that this machine can reach it.`,
        ),
      ])
    const findings = await Promise.all([
      [secretFinding(secrets)],
      sealedCookies
        ? [findingsOf('store').ok('Sessions are kept by browsers.')]
        : patiently('store', 'The store', storeFindings),
      ...logins.all.flatMap(([name, login]) => [
        ...[...new Set([login.apiUrl, login.providerUrl])].map((url) =>
          url === undefined
            ? []
            : patiently('backend', `The backend of the login "${name}", ${url},`, () =>
                backendFindings(name, url),
              ),
        ),
        providerFindings(name, login, patiently),
      ]),
    ])
    return findings.flat()
  }

  async function storeFindings(): Promise<readonly Finding[]> {
    const { ok, wrong } = findingsOf('store')
    const key = `${KEY} ${randomId()}`
    const expiresAt = clock.wall() + KEPT_MS
    const written = await store.compareAndSet(key, null, { value: KEY, expiresAt })
    const read = await store.read(key)
    const isKept = written !== null && read?.value === KEY
    return [
      isKept
        ? ok('The store returns what was written.')
        : wrong(
            'The store does not return what was written. Check whether the client reads from a replica, and whether its clock differs.',
          ),
      ...((await store.check?.()) ?? []),
    ]
  }

  async function backendFindings(name: string, url: string): Promise<readonly Finding[]> {
    const { ok, wrong, unknown } = findingsOf('backend')
    const who = `The backend of the login "${name}", ${url},`
    const asked = await settings.fetch(url, { redirect: 'manual' })
    void asked.body?.cancel().catch(() => {})
    if (asked.status >= 502 && asked.status <= 504)
      return [wrong(`${who} does not answer: a gateway says ${asked.status}. Check that it runs.`)]
    return [
      ok(`${who} answers.`),
      clockFinding(asked.headers.get('date'), clock.wall(), new URL(url).host),
      ...(isPlainHttp(new URL(url))
        ? [unknown(`${who} has a plain http address: use https, or a private network.`)]
        : []),
    ]
  }

  /** The login's own findings. What it does not know of its callback, the provider must. */
  async function providerFindings(name: string, login: RunningLogin, patiently: Patiently) {
    const own = await patiently(
      'provider',
      `The provider of the login "${name}"`,
      async () => (await login.check?.()) ?? [],
    )
    return own.some(({ check }) => check === 'callback') ? own : [...own, ...callbackFindings(name, login)]
  }

  function callbackFindings(name: string, { callbackPaths = [] }: RunningLogin): Finding[] {
    const { unknown } = findingsOf('callback')
    return callbackPaths.map((path) =>
      unknown(
        `The provider of the login "${name}" must send browsers back to ${new URL(path, publicUrl).href}. Only the provider knows whether this exact address is registered there.`,
      ),
    )
  }
}

function secretFinding(secrets: readonly string[]): Finding {
  const { ok, wrong } = findingsOf('secrets')
  const weak = secrets.findIndex((secret) => new Set(secret).size < MIN_CHARACTERS)
  if (weak >= 0)
    return wrong(
      `Option "secrets": number ${weak + 1} has fewer than ${MIN_CHARACTERS} different characters, and can be guessed. Take one of \`openssl rand -base64 32\`.`,
    )
  return ok(`Option "secrets" has ${secrets.length}, long enough and all different.`)
}

/** Node's name of a failure. The message is left out, because it may quote what was sent. */
function codeOf(error: unknown): string {
  const { message, code, cause } = error as { message?: unknown; code?: unknown; cause?: { code?: unknown } }
  if (message === 'late') return 'no answer in time'
  const told = code ?? cause?.code
  return typeof told === 'string' && /^[A-Z][A-Z\d_]{2,40}$/.test(told) ? told : 'it failed'
}
