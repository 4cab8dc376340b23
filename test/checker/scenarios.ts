import type { Outcome } from '../proof/world/provider.ts'
import type { Scenario } from './explore.ts'
import { type PagesOptions, startPages } from './pages.ts'
import { OUTCOMES } from './provider.ts'
import { type ServersOptions, startServers } from './servers.ts'
import type { Budget, StageOptions } from './stage.ts'
import { startTabs, type TabsOptions } from './tabs.ts'

/** The four classes of an answer, and both fates of a token whose answer is lost. */
const CLASSES: readonly Outcome[] = ['ok', 'keep', 'refused', 'rejected', 'lost', 'unknown']

type Limits = Omit<StageOptions, 'dueMs' | 'kind' | 'hasIntents' | 'alike'>
/** What a scenario is called, what it is about, and how deep CI looks; more by `--depth`. */
type Named = readonly [name: string, about: string, depth: number]

const DID: Readonly<Record<keyof Budget, string>> = {
  getToken: 'getToken',
  fetch: 'fetch',
  refresh: 'forced refresh',
  unauthorized: 'answer with 401',
  logout: 'logout',
  other: 'login as another user',
  lostLogin: 'login whose answer is lost',
  crash: 'end of a process or a tab',
  restart: 'actor that is stopped and started again',
  late: 'time that passes by a process',
  slow: 'answer of the store that is late',
  fault: 'failure of the store',
}

/** What limits a scenario besides its depth, in words. */
export function boundOf({ budget, outcomes, resend = 'afterBearerEnds', reads }: Limits): string {
  const often = (Object.keys(DID) as (keyof Budget)[]).filter((what) => budget[what])
  return [
    often.map((what) => `${budget[what]} × ${DID[what]}`).join(', '),
    `${outcomes.length} of ${OUTCOMES.length} outcomes: ${outcomes.join(', ')}`,
    `resend ${typeof resend === 'object' ? `withinMs ${resend.withinMs}` : resend}`,
    ...(reads ? ['reads at once'] : []),
  ].join('; ')
}

const scenario =
  <O extends Limits>(start: (options: O) => ReturnType<Scenario['start']>) =>
  ([name, about, depth]: Named, options: O): Scenario => ({
    name,
    about,
    depth,
    bound: boundOf(options),
    start: () => start(options),
  })

const pages = scenario<PagesOptions>(startPages)
const servers = scenario<ServersOptions>(startServers)
const tabs = scenario<TabsOptions>(startTabs)

const POLICIES = ['afterBearerEnds', 'never', { withinMs: 20_000 }] as const
const nameOf = (resend: (typeof POLICIES)[number]) => (typeof resend === 'object' ? 'withinMs' : resend)

/** What is explored. */
export const scenarios: readonly Scenario[] = [
  pages(['page', 'one session, two callers, a request, a logout, another user; every outcome', 6], {
    budget: { getToken: 2, fetch: 1, unauthorized: 1, logout: 1, other: 1 },
    outcomes: OUTCOMES,
  }),
  pages(['requests', 'one session whose callers refresh, two requests and their 401s in any order', 7], {
    policy: 'onDemand',
    // Late enough for another refresh, and early enough that none is due.
    marks: [50_000],
    budget: { fetch: 2, unauthorized: 2, logout: 1 },
    outcomes: ['ok', 'keep', 'refused', 'unknown'],
  }),
  ...POLICIES.map((resend) =>
    pages(
      [
        `doubt-${nameOf(resend)}`,
        'one session, one caller, and answers that prove nothing, to the end of its budget of sends',
        7,
      ],
      {
        resend,
        budget: { getToken: 1, refresh: 1 },
        outcomes: ['ok', 'refused', 'lost', 'unknown', 'answered', 'rejected'],
      },
    ),
  ),
  pages(
    ['restart', 'one session whose actor is stopped and started again, one caller, one request, a logout', 6],
    {
      budget: { getToken: 1, fetch: 1, unauthorized: 1, logout: 1, restart: 2 },
      outcomes: ['ok', 'refused', 'lost', 'answered'],
    },
  ),
  pages(['copies', 'three copies of one session in a process, and what it remembers of spent tokens', 6], {
    copies: 3,
    policy: 'onDemand',
    isDue: true,
    budget: { getToken: 3, logout: 1 },
    outcomes: CLASSES,
  }),
  pages(['consumed', 'two copies of one session, and a backend that says what became of a token', 7], {
    copies: 2,
    policy: 'onDemand',
    isDue: true,
    budget: { getToken: 3 },
    outcomes: ['consumed', 'refused'],
  }),
  servers(['processes', 'two processes of a server on one store, two callers, a logout, a crash', 7], {
    processes: 2,
    reads: 'quick',
    budget: { getToken: 2, logout: 1, crash: 1 },
    outcomes: ['ok', 'lost', 'rejected'],
  }),
  servers(['processes-outcomes', 'two processes, two callers, a logout, a crash; every outcome', 5], {
    processes: 2,
    reads: 'quick',
    budget: { getToken: 2, logout: 1, crash: 1 },
    outcomes: OUTCOMES,
  }),
  servers(
    [
      'processes-odd',
      'two processes, and a backend that does not rotate, has no route or brings no bearer',
      7,
    ],
    {
      processes: 2,
      reads: 'quick',
      budget: { getToken: 2 },
      outcomes: ['ok', 'keep', 'unsupported', 'forGood', 'noBearer'],
    },
  ),
  ...POLICIES.slice(1).map((resend) =>
    servers([`processes-${nameOf(resend)}`, 'two processes, a crash, and answers that prove nothing', 6], {
      processes: 2,
      resend,
      reads: 'quick',
      budget: { getToken: 2, crash: 1 },
      outcomes: ['ok', 'refused', 'lost', 'unknown'],
    }),
  ),
  servers(
    [
      'processes-alone',
      'two processes without any coordinator: what is left when Redis has lost its mind; one may stand still',
      5,
    ],
    {
      processes: 2,
      coordinator: 'none',
      reads: 'quick',
      budget: { getToken: 2, logout: 1, late: 1 },
      outcomes: ['ok', 'refused', 'unknown'],
    },
  ),
  servers(['processes-reads', 'two processes, reads that are overtaken too, requests with 401s', 5], {
    processes: 2,
    budget: { getToken: 1, fetch: 1, unauthorized: 1, logout: 1 },
    outcomes: ['ok', 'unknown'],
  }),
  servers(['processes-store', 'two processes on a store that is slow to tell, or fails', 4], {
    processes: 2,
    budget: { getToken: 2, logout: 1, slow: 1, fault: 1 },
    outcomes: ['ok', 'unknown'],
  }),
  servers(['processes-login', 'two windows of a browser, and a login as another user in one of them', 5], {
    processes: 2,
    reads: 'quick',
    budget: { getToken: 2, other: 1 },
    outcomes: ['ok'],
  }),
  servers(
    [
      'processes-lost-login',
      'a window of a browser, a login whose answer is lost, and one as another user',
      5,
    ],
    {
      processes: 1,
      reads: 'quick',
      budget: { getToken: 2, lostLogin: 1, other: 1 },
      outcomes: ['ok', 'unknown'],
    },
  ),
  tabs(
    ['tabs', 'two tabs of a browser that share a vault: both are due; one is closed and opened again', 6],
    {
      tabs: 2,
      reads: 'quick',
      budget: { getToken: 1, logout: 1, crash: 1 },
      outcomes: ['ok', 'refused', 'lost', 'rejected'],
    },
  ),
  tabs(['tabs-outcomes', 'two tabs, a logout, a tab that is closed and opened again; every outcome', 5], {
    tabs: 2,
    reads: 'quick',
    budget: { getToken: 1, logout: 1, crash: 1 },
    outcomes: OUTCOMES,
  }),
  ...POLICIES.slice(1).map((resend) =>
    tabs(
      [
        `tabs-${nameOf(resend)}`,
        'two tabs, one is closed and opened again, and answers that prove nothing',
        11,
      ],
      {
        tabs: 2,
        resend,
        reads: 'quick',
        budget: { crash: 1 },
        outcomes: ['ok', 'lost'],
      },
    ),
  ),
  tabs(['tabs-reads', 'two tabs, reads that are overtaken too', 7], {
    tabs: 2,
    budget: { logout: 1 },
    outcomes: ['ok', 'unknown'],
  }),
  tabs(['tabs-login', 'two tabs, and a login as another user in one of them', 5], {
    tabs: 2,
    reads: 'quick',
    budget: { getToken: 1, other: 1, logout: 1 },
    outcomes: ['ok', 'unknown'],
  }),
]

/** Corners of the scenarios, for mistakes that take many choices to show. What is proven is proven by the whole ones. */
export const corners: readonly Scenario[] = [
  servers(['processes-corner', 'two processes of a server on one store, one caller, a logout', 7], {
    processes: 2,
    reads: 'quick',
    budget: { getToken: 1, logout: 1 },
    outcomes: ['ok'],
  }),
]
