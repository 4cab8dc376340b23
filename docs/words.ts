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
    '# Who spoke',
    'Generated from `src/librechat/words.ts`, `src/oauth/oauthErrors.ts` and a run of each gateway by `npm run docs`; `npm run docs:check` fails when it is stale.',
    'Between a session and its backend stand gateways: a reverse proxy, an ingress, an access proxy. While the backend restarts they answer in its place, and some of what they say looks like a word of the backend: 404, 401, 403, a redirect to `/login`. **An outage never ends a session**, so only the backend’s own words do, and they are known to the letter: a word counts with its own status, whole, and in the form that the backend sends it in. [Outcomes](outcomes.md) says what follows from each.',
    '## LibreChat, `POST /api/admin/oauth/refresh` (`openidStrategy`)',
    'JSON. The word is its `error_code`, or its `message` where there is none.',
    wordsTable(openidWords),
    '## LibreChat, `POST /api/auth/refresh` (`cookieStrategy`)',
    'Sentences, which Express sends as `text/html`. `/login` is the option `loginPath`.',
    wordsTable(cookieWords('/login')),
    'A ban has the same words whether it is found before the grant, for an address, or after it, for a user. Before the grant nothing was spent, and a server meets such a ban with all its sessions at once; so it counts as `refused` and holds the session for five minutes, as a limiter would. A user who is banned after the grant may have lost the token of that one refresh; LibreChat has ended the sessions of that user anyway.',
    '## An OAuth provider (`oauthStrategy`)',
    'JSON with an `error` of RFC 6749 section 5.2, with a status from 400 to 499, or 200 without a token, whatever its content type says. Beside these: `temporarily_unavailable` with 503 is `refused`, `unavailable`.',
    table(
      ['`error`', 'proves'],
      [...oauthErrors].map(([error, outcome]) => [`\`${error}\``, inWords(outcome)]),
    ),
    '## Everybody else',
    'Any other 404, 405, 410 and 501 is `refused`, `unavailable`, for as long as it lasts; so are 408, 421 and 425, and 429 is `refused`, `limited`. Every other answer is `unknown`, and no answer: it is not counted, and ends nothing. What gateways say, and what the two strategies above make of it in a run:',
    await gatewayTable(),
    '## A backend of your own',
    [
      '- **Say what is definitive in a form that no gateway has:** JSON with a code of yours, and a status that belongs to it. A bare 401 or 403 proves nothing: every access proxy says that.',
      '- **Answer a renewal with status 200 and JSON.** Its content type, charset and encoding may be odd; 201 and 203 are read alike, 202 and 206 are not read.',
      '- **No gateway in front?** `trust404: true` takes every 404, 405, 410 and 501 for the backend’s own word that it does not refresh. Behind a gateway leave it: a deploy would end sessions.',
      '- **A gateway that answers 503 only before it passes a request on?** `trust503: true`: then nothing was spent, and the token may go out again while the bearer is good.',
      '- `createSessionServer` takes both options for its strategies.',
      '- `strategyConformance` of `xstate-session/testing` plays all of the above to a strategy of your own.',
    ].join('\n'),
  ].join('\n\n')}\n`
}
