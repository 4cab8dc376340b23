import {
  createProvider as createAny,
  type ProviderOptions as Options,
  type Outcome,
  type Presented,
} from '../proof/world/provider.ts'
import type { Ports } from './ports.ts'
import type { StepClock } from './stepClock.ts'

/** Those that lead to other states: what a `limited` or a `misconfigured` does later, a `refused` does. */
export const OUTCOMES: readonly Outcome[] = [
  'ok',
  'keep',
  'refused',
  'rejected',
  'lost',
  'unknown',
  'answered',
  'consumed',
  'unsupported',
  'forGood',
  'foreign',
  'noBearer',
]

export interface ProviderOptions extends Pick<Options, 'resend' | 'lifeMs' | 'note'> {
  readonly outcomes: readonly Outcome[]
  readonly marks: readonly number[]
  readonly clock: StepClock
  readonly ports: Ports
}

export type Provider = ReturnType<typeof createProvider>

/** The provider, whose every answer the explorer chooses. */
export function createProvider({ outcomes, marks, clock, ports, ...more }: ProviderOptions) {
  /** A request that was given up brings nothing once its token is sent again. */
  const superseded = new Map<string, () => void>()
  /** What each session was answered last, for which token: it may still be busy with it. */
  const answers = new Map<string, Outcome>()
  /** The requests that may still be answered. */
  const closing = new Map<Presented, () => void>()
  const provider = createAny({
    ...more,
    now: clock.now,
    onMinted() {
      for (const mark of marks) clock.of('time').setTimer(() => {}, more.lifeMs - mark, 'background')
    },
    onPresented(presented) {
      const { by, token } = presented.send
      const op = ports.open(by, `refresh ${token}`, () => ways(presented), {
        fates: { consumed: () => presented.lose(true), 'not consumed': () => presented.lose(false) },
        detail: () => (presented.isGivenUp ? 'given up' : 'open'),
      })
      closing.set(presented, () => ports.close(op))
      superseded.get(token)?.()
    },
    onGivenUp(presented) {
      const { token } = presented.send
      superseded.get(token)?.()
      superseded.set(token, () => closing.get(presented)?.())
    },
    revoke: (by, token) =>
      new Promise<boolean>((resolve) => {
        ports.open(by, `revoke ${token ?? '-'}`, () => ({ done: () => resolve(true) }))
      }),
  })

  function ways(presented: Presented) {
    const { send, isGivenUp } = presented
    const isReuse = presented.isReuse()
    // What an answer after the deadline may still bring is the tokens.
    const fits = (outcome: Outcome) =>
      isGivenUp
        ? outcome === 'ok' && !isReuse
        : !isReuse || ['refused', 'rejected', 'unknown', 'answered'].includes(outcome)
    const answer = (outcome: Outcome) => () => {
      answers.set(`${send.by} ${send.token}`, outcome)
      presented.answer(outcome)
    }
    return Object.fromEntries(outcomes.filter(fits).map((outcome) => [outcome, answer(outcome)]))
  }

  return {
    ...provider,
    print: () => [
      ...provider.families.map(({ id, user, index, bearers: all }) => [
        id,
        user,
        index,
        // Of a bearer that is over it does not matter for how long.
        all.map(({ endsAt, isRejected }) => [Math.max(endsAt - clock.now(), -1), isRejected]),
      ]),
      [...provider.revoked].sort(),
      ...answers,
    ],
  }
}
