import { createSession, type Session } from 'xstate-session'
import { openidStrategy } from 'xstate-session/librechat'

/** What nobody may see. Made so that a part of it is found too. */
const canary = (name: string) => `${name}zQ9vK2mXw7Lp4Tj8Rb3Nc6Yd1Hf5Gs0${name}`
export const bearer = (n: number) => canary(`BEARER${n}`)
export const refreshToken = (n: number) => canary(`REFRESH${n}`)
export const person = {
  id: canary('USERID'),
  email: `${canary('MAIL')}@chat.example`,
  name: canary('NAME'),
  username: canary('LOGINNAME'),
  role: canary('ROLE'),
  avatar: `https://pictures.example/${canary('AVATAR')}`,
}
/** The embedder's own word; it may be a customer's name. */
export const provider = canary('PROVIDER')
export const tenantId = canary('TENANT')

const WINDOW = 8
const windowsOf = (text: string) =>
  Array.from({ length: text.length - WINDOW + 1 }, (_, at) => text.slice(at, at + WINDOW))
const windows = new Set(
  [1, 2, 3]
    .flatMap((n) => [bearer(n), refreshToken(n)])
    .concat(Object.values(person), provider, tenantId)
    .flatMap(windowsOf)
    // The host of the mail and of the picture are nobody's.
    .filter((piece) => /[zQ9vK2mXw7Lp4Tj8Rb3Nc6Yd1Hf5Gs0]{4}/.test(piece) && !/\.|https|example/.test(piece)),
)

/** Where a part of a canary is in `text`: what stands before it. */
export const leaksOf = (text: string): string[] =>
  windowsOf(text).flatMap((piece, at) => (windows.has(piece) ? [text.slice(Math.max(0, at - 60), at)] : []))

/** A session at a backend that hands out canaries, and answers as `answers` says: one entry for each refresh. */
export function sessionWithCanaries(answers: (() => Response)[], more = {}): Session {
  return createSession({
    baseUrl: 'https://chat.example/',
    strategies: { [provider]: openidStrategy() },
    refresh: 'onDemand',
    random: () => 0,
    fetch: async (input) => {
      const url = input instanceof Request ? input.url : String(input)
      const answer = url.includes('oauth/refresh') ? answers.shift() : undefined
      return answer?.() ?? new Response(bearer(1), { status: 401 })
    },
    ...more,
  })
}

export const renewal = (n: number, now: number) => () =>
  Response.json({ token: bearer(n), refreshToken: refreshToken(n), user: person, expiresAt: now + 900_000 })

export const logIn = (session: Session, now: number) =>
  session.login(
    { token: bearer(1), refreshToken: refreshToken(1), user: person, expiresAt: now + 900_000 },
    { provider, tenantId },
  )

/** A renewal, a rejection, and an answer that proves nothing; the last two quote the token. */
export const answersOf = (now: number) => [
  renewal(2, now),
  () => Response.json({ error_code: 'FORBIDDEN', error: refreshToken(2) }, { status: 403 }),
  () => new Response(refreshToken(1), { status: 500 }),
]

/** A login that is renewed and rejected, another that comes into doubt, and a logout. `pass` lets a minute go by. */
export async function live(session: Session, now: () => number, pass: () => void | Promise<void>) {
  await logIn(session, now())
  for (let n = 0; n < 2; n++) {
    await pass()
    await session.refresh().catch(() => {})
  }
  await logIn(session, now())
  await pass()
  await session.refresh()
  await session.logout()
}
