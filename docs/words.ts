import { cookieStrategy } from '../src/librechat/cookieStrategy.ts'
import { openidStrategy } from '../src/librechat/openidStrategy.ts'
import { cookieWords, type LibrechatWords, openidWords } from '../src/librechat/words.ts'
import { oauthErrors } from '../src/oauth/oauthErrors.ts'
import type { RefreshOutcome, SessionStrategy } from '../src/session/strategy.ts'
import { gatewayAnswers } from '../src/testing/gatewayAnswers.ts'
import { table } from './table.ts'

/** An outcome in the words of outcomes.md. */
function inWords(outcome: RefreshOutcome): string {
  switch (outcome.kind) {
    case 'rejected':
      return `\`rejected\`, \`${outcome.reason}\`${outcome.security ? ', and a security notice' : ''}`
    case 'refused': {
      const wait = outcome.retryAfterMs ? `; waits ${outcome.retryAfterMs / 60_000} minutes` : ''
      return `\`refused\`, \`${outcome.cause}\`${wait}`
    }
    case 'unsupported':
      return outcome.forGood ? '`unsupported` by policy: the refresh token is dropped' : '`unsupported`'
    case 'unknown':
      if (outcome.consumed) return '`unknown`, known to be spent: never sent again'
      return outcome.answered ? '`unknown`, an answer: counted' : '`unknown`, no answer: not counted'
    default:
      return `\`${outcome.kind}\``
  }
}

const wordsTable = (words: LibrechatWords) =>
  table(
    ['status', 'says', 'proves'],
    Object.entries(words)
      .map(([key, outcome]) => [key.slice(0, 3), `\`${key.slice(4)}\``, inWords(outcome)])
      .sort(([a = '', b = ''], [c = '', d = '']) => `${a} ${b}`.localeCompare(`${c} ${d}`)),
  )

/** What a strategy makes of an answer, by a run. */
const runOf = (strategy: SessionStrategy, answer: () => Response) =>
  strategy.refresh({
    baseUrl: 'https://backend.test/',
    refreshToken: 'R1',
    userId: 'user-1',
    attemptId: 'attempt-1',
    signal: new AbortController().signal,
    fetch: async () => answer(),
  })

async function gatewayTable(): Promise<string> {
  const rows: string[][] = []
  for (const [name, answer] of Object.entries(gatewayAnswers)) {
    const outcomes = await Promise.all(
      [openidStrategy(), cookieStrategy()].map(async (strategy) => inWords(await runOf(strategy, answer))),
    )
    const { status } = answer()
    const [line = ''] = (await answer().text())
      .replace(/<[^>]*>/g, ' ')
      .trim()
      .split(/\s*\r?\n\s*/)
    rows.push([`\`${name}\``, `${status}`, `\`${line}\``, [...new Set(outcomes)].join(' / ')])
  }
  return table(['name', 'status', 'says', 'proves'], rows)
}

/** docs/words.md: the tables of the code, and what a run makes of gateways. */
export async function wordsPage(): Promise<string> {
  return `${[
    '# Answers that end a session',
    'This page lists the answers that may end a session, for each backend. Read it when you write a backend of your own, or when a session ended and you want to know why.',
    'Gateways stand between a session and its backend: a reverse proxy, an ingress, an access proxy. While the backend restarts, a gateway answers in its place. Some of these answers look like the backend’s own: 404, 401, 403, a redirect to `/login`. **An outage must never end a session.** So the session accepts an answer as the backend’s own only if it matches the tables below exactly: the status, the whole text, and the form. [Outcomes](outcomes.md) says what the session does then.',
    '`npm run docs` generates this page from `src/librechat/words.ts`, `src/oauth/oauthErrors.ts` and a run of each gateway.',
    '## LibreChat, `POST /api/admin/oauth/refresh` (`openidStrategy`)',
    'The answer is JSON. The column “says” is its `error_code`, or its `message` if there is no `error_code`.',
    wordsTable(openidWords),
    '## LibreChat, `POST /api/auth/refresh` (`cookieStrategy`)',
    'The answer is a sentence, which Express sends as `text/html`. `/login` is the option `loginPath`.',
    wordsTable(cookieWords('/login')),
    'LibreChat bans an address before the grant and a user after it, and both bans have the same words. A ban of an address spends no token, and it meets all sessions of a server at once. So a ban counts as `refused`, and the session waits five minutes, as for a limiter. A ban of a user may cost the token of that one refresh. This loses nothing: LibreChat has ended that user’s sessions already.',
    '## An OAuth provider (`oauthStrategy`)',
    'The answer is JSON with an `error` of RFC 6749 section 5.2, under any content type. Its status is from 400 to 499, or 200 without a token. One more answer counts: `temporarily_unavailable` with 503 is `refused`, `unavailable`.',
    table(
      ['`error`', 'proves'],
      [...oauthErrors].map(([error, outcome]) => [`\`${error}\``, inWords(outcome)]),
    ),
    '## Everybody else',
    'Any other 404, 405, 410 or 501 is `refused`, `unavailable`, for as long as it lasts. So is a 408, 421 or 425. A 429 is `refused`, `limited`. Every other answer is `unknown` and not counted: it never ends a session. The table shows real answers of gateways, and the outcome of each in a run of the two strategies above:',
    await gatewayTable(),
    '## A backend of your own',
    [
      '- **Give a definitive answer a form that no gateway has:** JSON with a code of your own, and one status for each code. A bare 401 or 403 proves nothing, because every access proxy answers so.',
      '- **Answer a renewal with status 200 and JSON.** The session reads it under any content type, charset and encoding. It reads a 201 and a 203 alike. It does not read a 202 or a 206.',
      '- **If no gateway stands in front**, set `trust404: true`. Then every 404, 405, 410 and 501 means that the backend does not refresh. Do not set it behind a gateway: a deploy would end sessions.',
      '- **If your gateway answers 503 only before it passes a request on**, set `trust503: true`. Then a 503 has spent no token, and the session may send the token again while the bearer is good.',
      '- `createSessionServer` takes both options for its strategies.',
      '- **Test your own strategy** with `strategyConformance` of `xstate-session/testing`. It plays all answers of this page.',
    ].join('\n'),
    'Next: [outcomes, errors and reasons](outcomes.md) · [test your own parts](testing.md#parts-of-your-own) · [what providers do](providers.md).',
  ].join('\n\n')}\n`
}
