import type { LedgerRow } from '../../machines/session.ledger.ts'
import type { Position } from '../../machines/session.types.ts'
import { browserOptions } from '../../src/browser/browserOptions.ts'
import { createSession } from '../../src/session/createSession.ts'
import type { Session } from '../../src/session/session.ts'
import type { StoredSession } from '../../src/stores/store.ts'
import type { Stored } from '../proof/judge/history.ts'
import { toStored as recordOf } from '../proof/judge/toStored.ts'
import { START } from '../proof/world/place.ts'
import { createBrowser, type Rows } from './browser.ts'
import type { Choice, World } from './explore.ts'
import { printSession } from './pages.ts'
import { createStage, type Party, type Stage, type StageOptions } from './stage.ts'

export interface TabsOptions extends Omit<StageOptions, 'dueMs' | 'hasIntents' | 'alike' | 'kind'> {
  readonly tabs: number
}

/** Lead time, and the jitter of a timer that is in the middle of its range. */
const DUE_MS = 30_000 + 6_000
const FOREVER = 2 ** 31 - 1

interface SendRow extends Position, LedgerRow {}

/** Tabs of one browser that share a vault, logged in as ada, and due. */
export async function startTabs(options: TabsOptions): Promise<World> {
  const names = ['T1', 'T2', 'T3'].slice(0, options.tabs)
  const stage = createStage({ ...options, dueMs: DUE_MS, hasIntents: true, alike: names, kind: 'tabs' })
  const browser = createBrowser(
    stage,
    (by, before, after) => {
      const now = toStored(by, after)
      if (now) stage.note({ type: 'committed', by, before: toStored(by, before), after: now })
    },
    (by) => stage.note({ type: 'looked', by, stored: toStored(by, browser.rows()) }),
  )
  const sessions = new Map<string, Session>()
  const open = (name: string) => {
    stage.enter(name)
    sessions.set(name, openTab(stage, name))
  }
  for (const name of names) {
    open(name)
    await stage.settle()
    stage.parties.push(tab(stage, name, () => sessions.get(name) as Session))
  }
  const [first] = stage.parties
  if (first) {
    stage.enter(first.name)
    await stage.login(first, 'ada')
  }
  await stage.settle()
  // The others hear of the login, and look.
  for (let hints = stage.ports.choices(); hints[0]; hints = stage.ports.choices()) {
    hints[0].take()
    await stage.settle()
  }
  browser.opened()
  await stage.pass(24_000)

  const crashes = (): Choice[] =>
    stage.isLeft('crash')
      ? names.flatMap((name) =>
          stage.crashes(name, () => {
            browser.drop(name)
            open(name)
          }),
        )
      : []
  return stage.world(crashes, () => [
    ...browser.print(),
    ...[...browser.rows()]
      .filter(([row]) => row !== 'key')
      .map(([row, value]) => [row, printRow(value, stage)]),
  ])
}

const textOf = (row: unknown) => new TextDecoder().decode((row as { sealed: Uint8Array<ArrayBuffer> }).sealed)

function printRow(value: unknown, stage: Stage): unknown {
  const now = START + stage.clock.now()
  if (typeof value === 'object' && value !== null && 'sealed' in value) {
    const { endsAt, ...rest } = JSON.parse(textOf(value)) as { endsAt?: number }
    return [rest, endsAt && Math.max(endsAt - now, -1)]
  }
  const { since, answeredSince, sentAt, notBefore, heldUntil, openUntil = 0, ...rest } = value as SendRow
  const ages = [since, sentAt, ...(rest.answers > 0 ? [answeredSince] : [])]
  return [
    rest,
    ...ages.map((at) => Math.min(now - at, 300_000)),
    ...[notBefore, heldUntil, openUntil].map((at) => Math.max(at - now, -1)),
  ]
}

function toStored(by: string, rows: Rows): Stored | null {
  const row = rows.get('session')
  if (!row) return null
  const session = JSON.parse(textOf(row)) as StoredSession
  const send = rows.get('send') as SendRow | undefined
  const isOfIt = send?.epoch === session.epoch && send.version === session.version
  const stored = recordOf(session)
  if (!stored) return null
  return {
    ...stored,
    ...(send &&
      isOfIt && {
        // Who wrote it matters only at the moment when it does.
        intent: {
          owner: by,
          at: send.openUntil ? send.openUntil * 10 + send.sends : 0,
          isOpen: send.openUntil !== undefined,
          isRejected: send.closed !== undefined && send.closed !== 'consumed',
        },
      }),
  }
}

function openTab(stage: Stage, name: string): Session {
  const session = createSession(
    browserOptions({
      baseUrl: 'https://chat.example/',
      strategies: { openid: stage.provider.strategy(name) },
      vault: 'shared',
      idleAfterMs: FOREVER,
      clock: stage.clock.of(name),
      random: () => 0.5,
      fetch: stage.apiFetch(name),
      observe: (notice) => stage.note({ type: 'told', by: name, notice }),
    }),
  )
  stage.watch(name, session.actorRef)
  return session
}

function tab(stage: Stage, name: string, session: () => Session): Party {
  return {
    name,
    user: () => session().getSnapshot().user?.id,
    getToken: () => session().getToken(),
    fetch: (path, init) => session().fetch(path, init),
    refresh: () => session().refresh(),
    login: (answer) => session().login(answer, { provider: 'openid' }),
    logout: () => session().logout(),
    print() {
      return printSession(session(), START + stage.clock.now())
    },
    describe() {
      const { state, epoch, version, reason, isUsable } = session().getSnapshot()
      return `${name}: ${state} ${epoch}.${version}${reason ? ` (${reason})` : ''}${isUsable ? '' : ', no bearer'}`
    },
  }
}
