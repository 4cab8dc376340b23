import { Misconfigured } from '../base/errors.ts'

const FUNCTIONS = ['fetch', 'random', 'signals', 'observe', 'onListenerError'] as const
/** The name of a part, and its required methods. */
const PARTS = {
  clock: ['a clock: an object with "wall", "monotonic" and "setTimer"', 'wall', 'monotonic', 'setTimer'],
  store: [
    'a store: the result of its factory, or sessionStore({ read, compareAndSet })',
    'read',
    'compareAndSet',
    'share',
  ],
  coordinator: ['a coordinator: the result of its factory', 'run', 'end'],
  recorder: ['a recorder: the result of its factory', 'attach'],
} as const
const WORDS = {
  refresh: ['eager', 'onDemand', 'prompt'],
  expiresAtUnit: ['auto', 'ms', 'seconds', 'iso'],
} as const

/** Options, with their defaults, that may be anything. */
type Unchecked = Partial<
  Record<(typeof FUNCTIONS)[number] | keyof typeof PARTS | keyof typeof WORDS | 'allowedOrigins', unknown>
> & { readonly idleTimeoutMs: number; readonly strategies: object | null | undefined }

/**
 * Refuses mistakes in the code that creates a session. A developer meets them at the first run, so a page in production
 * does not download this check.
 */
export function checkOptions(options: Unchecked): void {
  for (const name of FUNCTIONS)
    refuseUnless(options[name] === undefined || typeof options[name] === 'function', name, 'a function')
  for (const [name, [what, ...methods]] of Object.entries(PARTS)) {
    const part = options[name as keyof typeof PARTS]
    // An absent option is `undefined`, except for the clock, which has a default.
    const isLeftOut = !part && name !== 'clock'
    refuseUnless(isLeftOut || methods.every((method) => has(part, method)), name, what)
  }
  for (const [name, words] of Object.entries(WORDS)) {
    const quoted = words.map((word) => `"${word}"`)
    const isKnown = (words as readonly unknown[]).includes(options[name as keyof typeof WORDS])
    refuseUnless(isKnown, name, `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`)
  }
  const strategies = Object.entries(options.strategies ?? {})
  refuseUnless(strategies.length > 0, 'strategies', 'an object with a strategy for each provider')
  for (const [name, strategy] of strategies)
    refuseUnless(has(strategy, 'refresh'), `strategies.${name}`, 'a strategy: the result of its factory')
  refuseUnless(Array.isArray(options.allowedOrigins), 'allowedOrigins', 'a list of origins')
  // Without signals the user would count as away, whatever the user does.
  if (options.idleTimeoutMs < Infinity && !options.signals)
    throw new Misconfigured(
      'Option "idleTimeoutMs" needs "signals", which report the activity of the user. In a page use browserOptions({ … }) or signals: browserSignals(); elsewhere a function that reports "userActive".',
    )
}

function refuseUnless(isFit: boolean, name: string, what: string): asserts isFit {
  if (!isFit) throw new Misconfigured(`Option "${name}" must be ${what}.`)
}

const has = (value: unknown, method: string) =>
  typeof (value as Record<string, unknown> | null)?.[method] === 'function'
