import type { KnobOptions } from './knobs.ts'

/** What `npm run backend` takes from the environment. */
export interface Environment {
  readonly port: number
  readonly providerPort: number
  readonly panelUrl: string
  readonly knobs: KnobOptions
}

/** The value, or a word for what is expected. */
type Reading<Value> = { readonly value: Value } | { readonly expected: string }

interface Variable<Value> {
  /** As it would be written. */
  readonly initial: string
  readonly meaning: string
  read(text: string): Reading<Value>
}

/** A hundred years: what is added to an instant stays a date. */
const MAX_MS = 100 * 365 * 24 * 3_600_000

const variables = {
  BACKEND_PORT: port('3080', 'port of the backend; 0: any free one'),
  PROVIDER_PORT: port('3081', 'port of the OpenID provider; 0: any free one'),
  ADMIN_PANEL_URL: url(
    'http://localhost:3000',
    'where an OpenID login leads back to; its origin may redeem codes',
  ),
  SESSION_EXPIRY: number(
    '1000 * 60 * 15',
    'life of an access token, ms (a JWT keeps whole seconds)',
    1000,
    MAX_MS,
  ),
  REFRESH_TOKEN_EXPIRY: number(
    '(1000 * 60 * 60 * 24) * 7',
    'life of a local session, ms; no refresh prolongs it',
    1000,
    MAX_MS,
  ),
  OPENID_REUSE_TOKENS: truth('true', 'OpenID sessions can be refreshed'),
  OPENID_USE_END_SESSION_ENDPOINT: truth('false', 'logout names the end-session URL of the provider'),
  PROVIDER_ROTATES: truth('true', 'the provider replaces a refresh token that is used'),
  PROVIDER_GRACE: number(
    '0',
    'how long a replaced one still works, ms; 0: its reuse ends the grant',
    0,
    MAX_MS,
  ),
  TENANT_ISOLATION_STRICT: truth('false', 'requests before login need X-Tenant-Id'),
  LIMITER: truth('false', 'the login limiter'),
  LOGIN_MAX: number('7', 'its attempts per window', 1, 1_000_000),
  LOGIN_WINDOW: number('5', 'its window, minutes', 1, 60 * 24),
} satisfies Record<string, Variable<unknown>>

type Name = keyof typeof variables
type Values = { [Key in Name]: (typeof variables)[Key] extends Variable<infer Value> ? Value : never }

/** Everything that is wrong with the environment, one line for each. */
export class WrongEnvironment extends Error {}

/** Reads and checks what an operator set; what is unset or blank has its default. */
export function readEnvironment(given: Readonly<Record<string, string | undefined>>): Environment {
  const wrong: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, { initial, read }] of Object.entries(variables)) {
    const text = given[name]?.trim() || initial
    const reading = read(text)
    if ('value' in reading) values[name] = reading.value
    else wrong.push(`${name} must be ${reading.expected}; it is "${text}".`)
  }
  const v = values as Values
  if (v.BACKEND_PORT === v.PROVIDER_PORT && v.BACKEND_PORT > 0)
    wrong.push(`BACKEND_PORT and PROVIDER_PORT must differ; both are ${v.BACKEND_PORT}.`)
  if (wrong.length > 0) throw new WrongEnvironment(wrong.join('\n'))
  return {
    port: v.BACKEND_PORT,
    providerPort: v.PROVIDER_PORT,
    panelUrl: v.ADMIN_PANEL_URL,
    knobs: {
      sessionMs: v.SESSION_EXPIRY,
      refreshMs: v.REFRESH_TOKEN_EXPIRY,
      reuseTokens: v.OPENID_REUSE_TOKENS,
      endSession: v.OPENID_USE_END_SESSION_ENDPOINT,
      strictTenant: v.TENANT_ISOLATION_STRICT,
      limiter: { enabled: v.LIMITER, max: v.LOGIN_MAX, windowMs: v.LOGIN_WINDOW * 60_000 },
      provider: { rotate: v.PROVIDER_ROTATES, reuseGraceMs: v.PROVIDER_GRACE },
    },
  }
}

/** A line per variable: its name, its default, what it is. */
export function describeEnvironment(): string[] {
  return Object.entries(variables).map(
    ([name, { initial, meaning }]) => `${name.padEnd(32)}${initial.padEnd(27)}${meaning}`,
  )
}

function port(initial: string, meaning: string): Variable<number> {
  return {
    initial,
    meaning,
    read(text) {
      const value = /^\d+$/.test(text) ? Number(text) : NaN
      return value <= 65_535 ? { value } : { expected: 'a port from 0 to 65535' }
    },
  }
}

function number(initial: string, meaning: string, least: number, most: number): Variable<number> {
  return {
    initial,
    meaning,
    read(text) {
      const value = product(text)
      if (value >= least && value <= most) return { value }
      return { expected: `a whole number from ${least} to ${most}, or a product like 1000 * 60 * 15` }
    },
  }
}

function truth(initial: 'true' | 'false', meaning: string): Variable<boolean> {
  return {
    initial,
    meaning,
    read: (text) =>
      text === 'true' || text === 'false' ? { value: text === 'true' } : { expected: 'true or false' },
  }
}

function url(initial: string, meaning: string): Variable<string> {
  return {
    initial,
    meaning,
    read(text) {
      const parsed = URL.parse(text)
      const isPlain = parsed && /^https?:$/.test(parsed.protocol) && !parsed.search && !parsed.hash
      return isPlain ? { value: parsed.href.replace(/\/+$/, '') } : { expected: 'an absolute http(s) URL' }
    },
  }
}

/** A whole number, or a product of such as LibreChat's `.env` writes them, parentheses included. Else NaN. */
function product(text: string): number {
  const inner = /\(([^()]*)\)/
  let flat = text
  for (let group = inner.exec(flat); group; group = inner.exec(flat)) {
    const value = factors(group[1] ?? '')
    // Blanks keep what stands beside the parentheses from growing together with it.
    flat = flat.replace(inner, ` ${value} `)
  }
  return factors(flat)
}

function factors(text: string): number {
  const parts = text.split('*').map((part) => part.trim())
  return parts.every((part) => /^\d+$/.test(part)) ? parts.reduce((all, part) => all * Number(part), 1) : NaN
}
