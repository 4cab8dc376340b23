/**
 * Mistakes that people make. The checker is worth something only if it finds each of them:
 * `npm run check:model -- --bug name`.
 */
import type { Patch } from '../patchSources.ts'

export interface Bug {
  readonly about: string
  /** The scenario, or the corner of one, that finds it with the shortest trace. */
  readonly scenario: string
  /** What it breaks first. */
  readonly breaks: readonly string[]
  readonly patches: readonly Patch[]
}

export const bugs: Readonly<Record<string, Bug>> = {
  lateAdopted: {
    about: 'a result that comes after logout is adopted',
    scenario: 'page',
    breaks: ['I18'],
    patches: [
      {
        file: 'src/session/grant.ts',
        find: '      owner = undefined\n      vault.empty()\n',
        put: '',
      },
    ],
  },
  resendWhileGood: {
    about: 'a token that may be spent is sent again while the bearer is good',
    scenario: 'page',
    breaks: ['I1'],
    patches: [
      {
        file: 'machines/session.ledger.ts',
        find: 'return isSpent && doubt.answers < MAX_ANSWERS',
        put: 'return doubt.answers < MAX_ANSWERS',
      },
    ],
  },
  clearOnAnyFailure: {
    about: 'any failure of a refresh ends the session',
    scenario: 'page',
    breaks: ['I14'],
    patches: [
      {
        file: 'src/session/refreshEvent.ts',
        find: '  switch (outcome.kind) {\n',
        put: "  if (outcome.kind !== 'ended') return { type: 'refresh.rejected', at, reason: 'refreshRejected' }\n  switch (outcome.kind) {\n",
      },
    ],
  },
  staleRefreshes: {
    about: 'a 401 refreshes, whichever bearer it was for',
    scenario: 'requests',
    breaks: ['I11'],
    patches: [
      {
        file: 'src/session/supply.ts',
        find: '      if (known !== undefined || vault.position().epoch !== used.epoch) return known\n',
        put: '      if (known !== undefined) used = vault.position()\n',
      },
    ],
  },
  inFlightOnlyDedupe: {
    about: 'who comes after a refresh with the token that it has spent, sends it again',
    scenario: 'copies',
    breaks: ['I5'],
    patches: [
      {
        file: 'src/coordination/coalescer.ts',
        find: 'const known = past.get(key)',
        put: 'const known = past.get(scope)',
      },
    ],
  },
  replayCacheSurvivesLogout: {
    about: 'what is remembered of a spent token outlives the logout of its session',
    scenario: 'copies',
    breaks: ['I6'],
    patches: [
      {
        file: 'src/coordination/coalescer.ts',
        find: '    if (isAll) for (const key of past.keysOf(scope)) bury(key, scope)\n',
        put: '',
      },
      {
        file: 'src/coordination/coalescer.ts',
        find: '    else past.set(key, { scope, answer: ENDED })',
        put: '    else if (!past.get(key)) past.set(key, { scope, answer: ENDED })',
      },
    ],
  },
  noCommitGuard: {
    about: 'a commit writes over whatever is there',
    scenario: 'processes-corner',
    breaks: ['I3', 'I6'],
    patches: [
      {
        file: 'src/server/entries.ts',
        find: 'if (!isAt(record.session, expected)) return undefined',
        put: '',
      },
    ],
  },
  leaseWithoutIntent: {
    about: 'what a peer has written down of its send keeps nobody from sending',
    scenario: 'processes',
    breaks: ['I1', 'I9'],
    patches: [
      {
        file: 'src/server/intents.ts',
        find: 'const before = standing(record, first)',
        put: 'const before = null',
      },
    ],
  },
  publishBeforeCommit: {
    about: 'a renewal is told before it is committed',
    scenario: 'processes',
    breaks: ['I4'],
    patches: [
      {
        file: 'src/session/outcomes.ts',
        find: '    if (shared && grant.isCurrent(position))\n      await shared.persist(position, grant.toRecord(next, renewed, tokens, life, rejections), answer)\n',
        put: '',
      },
      {
        file: 'src/session/outcomes.ts',
        find: '      grant.renew(next, renewed, tokens, life, answer)\n',
        put: '      grant.renew(next, renewed, tokens, life, answer)\n      await shared?.persist(position, grant.toRecord(next, renewed, tokens, life, rejections), answer)\n',
      },
    ],
  },
  noIntent: {
    about: 'a server sends without having written it down',
    scenario: 'processes',
    breaks: ['I2', 'I19'],
    patches: [
      {
        file: 'src/server/intents.ts',
        find: '  const owner = crypto.randomUUID()\n',
        put: '  if (inner) return inner\n  const owner = crypto.randomUUID()\n',
      },
    ],
  },
  loginOutlivesLogout: {
    about: 'a login that is being written when its user logs out stays in the store',
    scenario: 'tabs-login',
    breaks: ['I6'],
    patches: [
      {
        file: 'src/session/logins.ts',
        find: 'if (end || (written > 0 && mine !== logins))',
        put: 'if (end)',
      },
    ],
  },
  tabSendsUnseen: {
    about: 'a tab sends whatever another has written down',
    scenario: 'tabs',
    breaks: ['I1', 'I2', 'I9'],
    patches: [
      {
        file: 'src/browser/sharedVault.ts',
        find: 'const before = isAt(found, at) ? (found as SendRow) : null',
        put: 'const before = null',
      },
      {
        file: 'src/browser/lock.ts',
        find: 'navigator.locks.request(name, { signal: waiting.signal }, () => begin(true)).catch(goOn)',
        put: 'goOn()',
      },
    ],
  },
  foreignAdopted: {
    about: 'an answer that names another user is adopted',
    scenario: 'page',
    breaks: ['I7', 'I10'],
    patches: [
      {
        file: 'src/session/outcomes.ts',
        find: 'if (user && (user.id !== owner.user.id || isForeign))',
        put: 'if (false)',
      },
    ],
  },
  rejectedForUnknown: {
    about: 'an answer that proves nothing is written down as a rejection',
    scenario: 'processes',
    breaks: ['I8'],
    patches: [
      {
        file: 'src/server/intents.ts',
        find: 'else await replace(key, row, (intent)',
        put: "else await replace(key, outcome.kind === 'unknown' ? { ...opened, closed: 'refreshRejected' } : row, (intent)",
      },
    ],
  },
  thirdSend: {
    about: 'a request whose second answer is a 401 too is sent a third time',
    scenario: 'requests',
    breaks: ['I10'],
    patches: [
      {
        file: 'src/session/sessionFetch.ts',
        find: 'if (second.status === 401) source.rejectedAgain(again)',
        put: 'if (second.status === 401) return follow(target, init, await send(target, init, newer), newer)',
      },
    ],
  },
  refreshesEarly: {
    about: 'the timer of a refresh is set to the least distance between two',
    scenario: 'page',
    breaks: ['I11'],
    patches: [
      {
        file: 'machines/session.deadlines.ts',
        find: 'refreshAt: Math.max(leadAt - jitter, floorAt)',
        put: 'refreshAt: floorAt',
      },
    ],
  },
  servesEnded: {
    about: 'callers are served with a bearer that has ended',
    scenario: 'doubt-afterBearerEnds',
    breaks: ['I13'],
    patches: [
      {
        file: 'machines/session.select.ts',
        find: "c.bearer === 'good' && at < c.endsAt",
        put: "c.bearer !== 'none'",
      },
    ],
  },
  wrongEdge: {
    about: 'a retry goes by a state that it must not come to',
    scenario: 'page',
    breaks: ['I17'],
    patches: [
      {
        file: 'machines/session.machine.ts',
        find: "guard: 'isRetryDue',\n            target: 'refreshing',",
        put: "guard: 'isRetryDue',\n            target: 'nearingExpiry',",
      },
    ],
  },
  chartFails: {
    about: 'an action of the chart throws',
    scenario: 'page',
    breaks: ['I17'],
    patches: [
      {
        file: 'machines/session.actions.ts',
        find: 'noteRefused: note(afterRefused)',
        put: 'noteRefused: note((context) => (context as never as () => never)())',
      },
    ],
  },
  intentDropped: {
    about: 'what a server has written down of its send is taken back before its fruit is committed',
    scenario: 'processes',
    breaks: ['I19'],
    patches: [
      {
        file: 'src/server/intents.ts',
        find: "if (outcome.kind === 'ok') return outcome\n",
        put: "if (outcome.kind === 'ok') await replace(key, mine.claim.before, () => true)\n    if (outcome.kind === 'ok') return outcome\n",
      },
    ],
  },
  restsUnwritten: {
    about: 'a server lets a session rest whose end is not yet written down',
    scenario: 'processes-outcomes',
    breaks: ['I18'],
    patches: [
      {
        file: 'src/server/live.ts',
        find: 'endings > 0 || ',
        put: '',
      },
    ],
  },
  routeForgotten: {
    about: 'a server forgets at rest that the backend has no route for its refresh',
    scenario: 'processes-odd',
    breaks: ['I1'],
    patches: [
      {
        file: 'machines/session.select.ts',
        find: "return !lastChance || bearer !== 'good'",
        put: 'return true',
      },
    ],
  },
  restartEmpties: {
    about: 'an actor that is started again on its living snapshot has lost its tokens (U30)',
    scenario: 'restart',
    breaks: ['U30'],
    patches: [
      {
        file: 'src/session/runtime.ts',
        find: "    status = 'stopped'\n    surroundings.detach()\n",
        put: "    status = 'stopped'\n    vault.empty()\n    surroundings.detach()\n",
      },
      {
        file: 'src/session/runtime.ts',
        find: '  function isEmpty(): boolean {\n',
        put: '  function isEmpty(): boolean {\n    if (flights.isOpen()) return false\n',
      },
    ],
  },
  doubtOfHolder: {
    about: 'what the row of a token says counts only for who knows of a send itself (U36)',
    scenario: 'processes-never',
    breaks: ['I1', 'I9'],
    patches: [
      {
        file: 'machines/session.ledger.ts',
        find: 'const doubt = row ? raised(row, ask.known) : ask.known',
        put: 'const doubt = row && ask.known ? raised(row, ask.known) : ask.known',
      },
      {
        file: 'src/session/records.ts',
        find: '    ...(doubt && { row: doubt }),\n',
        put: '',
      },
    ],
  },
  consumedUnknown: {
    about: 'a token that is known to be consumed is remembered as one of which nobody knows (U37)',
    scenario: 'consumed',
    breaks: ['I1'],
    patches: [
      {
        file: 'machines/session.ledger.ts',
        find: "      return { ...rest, closed: 'consumed' }\n",
        put: '      return rest\n',
      },
    ],
  },
  gatewayForBackend: {
    about: 'a gateway without the route is taken for a backend that does not refresh (U60)',
    scenario: 'page',
    breaks: ['I14'],
    patches: [
      {
        file: 'src/session/refreshEvent.ts',
        find: "    case 'refused':\n      return {",
        put: "    case 'refused':\n      if (outcome.cause === 'network') return { type: 'refresh.unsupported', at, forGood: false }\n      return {",
      },
    ],
  },
  otherLogin: {
    about: 'a call of a window that shows ada is made for whoever has logged in behind the cookie since (U3)',
    scenario: 'processes-login',
    breaks: ['I7'],
    patches: [
      {
        file: 'src/server/sessionSearch.ts',
        find: 'if (!isFound(found) || isFor(request, found.record.login)) return found',
        put: 'if (found) return found',
      },
    ],
  },
}
