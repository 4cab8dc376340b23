import type { Patch } from '../patchSources.ts'

/** A mistake that somebody might make, and the test that must turn red where it is made. */
export interface Bug {
  /** The number of the kind of mistake, and which of several places. */
  readonly name: string
  readonly mistake: string
  readonly patches: readonly Patch[]
  readonly caughtBy: { readonly file: string; readonly test: string }
}

export const bugs: readonly Bug[] = [
  {
    name: 'M1 vault',
    mistake: 'a late result is committed, whatever came before it',
    patches: [
      {
        file: 'src/session/vault.ts',
        find: '      if (at.epoch !== position.epoch || at.version <= position.version) return false\n',
        put: '',
      },
      {
        file: 'src/session/grant.ts',
        find: 'isCurrent: (position: Position) => owner !== undefined && isSamePosition(position, vault.position())',
        put: 'isCurrent: (position: Position) => owner !== undefined || isSamePosition(position, vault.position())',
      },
    ],
    caughtBy: {
      file: 'test/session/concurrency.test.ts',
      test: 'C8 as somebody else: those who waited are told, and nothing of the old family is mixed in',
    },
  },
  {
    name: 'M1 store',
    mistake: 'the record of a session is written without a compare',
    patches: [
      {
        file: 'src/stores/memory.ts',
        find: '      if (!isAt(stored, expected)) return false\n',
        put: '',
      },
    ],
    caughtBy: {
      file: 'test/session/concurrency.test.ts',
      test: 'a write that is under way does not bring the session back',
    },
  },
  {
    name: 'M1 server',
    mistake: 'a server writes its record without a compare of positions',
    patches: [
      {
        file: 'src/server/entries.ts',
        find: 'if (!isAt(record.session, expected)) return undefined',
        put: '',
      },
    ],
    caughtBy: {
      file: 'test/server/entries.test.ts',
      test: 'I3: a server that holds an older version writes nothing over the newer one',
    },
  },
  {
    name: 'M2',
    mistake: 'only what is in the air is shared: a straggler sends the spent token',
    patches: [
      {
        file: 'src/coordination/coalescer.ts',
        find: 'const known = past.get(key)',
        put: 'const known = undefined as never',
      },
    ],
    caughtBy: {
      file: 'test/coordination/replay.test.ts',
      test: 'who comes with the spent token gets its successor and its age, and sends nothing (C3, I25)',
    },
  },
  {
    name: 'M2 Redis',
    mistake: 'the same between processes: an answer is forgotten as soon as it is there',
    patches: [
      {
        file: 'src/redis/scripts.ts',
        find: "  redis.call('HSET', KEYS[1], 'state', 'done', 'at', now, 'result', detail)\n",
        put: "  redis.call('DEL', KEYS[1])\n",
      },
    ],
    caughtBy: {
      file: 'test/redis/coordinator.test.ts',
      test: 'C3: a straggler in another process gets what the spent token brought, with its age',
    },
  },
  {
    name: 'M3',
    mistake: 'the lease, shorter than an answer, is all that holds others back: no intent',
    patches: [
      {
        file: 'src/redis/scripts.ts',
        find: '\nlocal kind, waitMs = decide(row, ask, now)\nif kind',
        put: "\nif row and row.openUntil then row.openUntil = tonumber(f[5]) end\nlocal kind, waitMs = decide(row, ask, now)\nif kind == 'doubt' then kind = 'send' end\nif kind",
      },
    ],
    caughtBy: {
      file: 'test/redis/coordinator.test.ts',
      test: 'C24: a lease that lapses permits nothing; the intent holds',
    },
  },
  {
    name: 'M4 while good',
    mistake: 'after an unknown outcome the token is sent again while the bearer is good',
    patches: [
      {
        file: 'machines/session.ledger.ts',
        find: 'return isSpent && doubt.answers < MAX_ANSWERS',
        put: 'return doubt.answers < MAX_ANSWERS',
      },
    ],
    caughtBy: {
      file: 'test/session/doubt.test.ts',
      test: 'the backend answered: nothing while the bearer is good, then sends up to the fourth, over 120 s and more, then the end',
    },
  },
  {
    name: 'M4 never',
    mistake: 'after an unknown outcome the token is sent again under `never`',
    patches: [
      {
        file: 'machines/session.ledger.ts',
        find: "if (resend === 'never') return false",
        put: '',
      },
      {
        file: 'machines/session.ledger.ts',
        find: "if (resend === 'never') return true",
        put: "if (resend === 'never') return false",
      },
    ],
    caughtBy: {
      file: 'test/session/doubt.test.ts',
      test: 'not one send more: the bearer serves to its end, then the session expires',
    },
  },
  {
    name: 'M5',
    mistake: 'the session is cleared on any failure of a refresh',
    patches: [
      {
        file: 'src/session/refreshEvent.ts',
        find: '  switch (outcome.kind) {\n',
        put: "  if (outcome.kind !== 'ended') return { type: 'refresh.rejected', at, reason: 'refreshRejected' }\n  switch (outcome.kind) {\n",
      },
    ],
    caughtBy: {
      file: 'test/session/doubt.test.ts',
      test: 'never ends a session: the backoff grows to a minute, and the token stays the same',
    },
  },
  {
    name: 'M6 call',
    mistake: 'a 401 is not compared with the version of its bearer: no retry with the newer one',
    patches: [
      {
        file: 'src/session/supply.ts',
        find: 'used.epoch) return known\n',
        put: 'used.epoch) return undefined\n',
      },
    ],
    caughtBy: {
      file: 'test/session/concurrency.test.ts',
      test: 'C4 for a bearer that was replaced meanwhile costs one retry and no refresh',
    },
  },
  {
    name: 'M6 refresh',
    mistake: 'a 401 for a bearer that was replaced costs a refresh',
    patches: [
      {
        file: 'src/session/supply.ts',
        find: '      if (known !== undefined || vault.position().epoch !== used.epoch) return known\n',
        put: '',
      },
      {
        file: 'src/session/supply.ts',
        find: "send({ type: 'bearer.rejected', ...used, at: now() })",
        put: "send({ type: 'bearer.rejected', ...vault.position(), at: now() + 60_000 })",
      },
    ],
    caughtBy: {
      file: 'test/session/fetch.test.ts',
      test: 'I11 a 401 for an old bearer, after the refresh, refreshes nothing',
    },
  },
  {
    name: 'M7 chart',
    mistake: 'of two renewals the one that ends later counts, not the newer version',
    patches: [
      {
        file: 'machines/session.guards.ts',
        find: 'facts.version > c.version',
        put: 'facts.endsAt > c.endsAt',
      },
    ],
    caughtBy: {
      file: 'test/machine/table.test.ts',
      test: 'eager',
    },
  },
  {
    name: 'M7 session',
    mistake: 'of a stored version and ours the one that ends later counts, not the newer one',
    patches: [
      {
        file: 'src/session/grant.ts',
        find: '    owner: () => owner,\n',
        put: '    owner: () => owner,\n    endsAt: () => life.receivedAt + life.lifeMs,\n',
      },
      {
        file: 'src/session/sharedRecord.ts',
        find: 'if (stored.version <= position.version) return false',
        put: 'if ((stored.endsAt ?? Infinity) <= grant.endsAt()) return false',
      },
    ],
    caughtBy: {
      file: 'test/session/store.test.ts',
      test: 'T18 a peer’s newer version counts, though its bearer ends sooner',
    },
  },
  {
    name: 'M8',
    mistake: 'a delay above 2^31 - 1 ms reaches `setTimeout`, which fires at once',
    patches: [
      {
        file: 'src/session/alarm.ts',
        find: 'clampDelay(nearest - clock.now())',
        put: 'nearest - clock.now()',
      },
    ],
    caughtBy: {
      file: 'test/session/time.test.ts',
      test: 'T5 on real timers a delay of 40 days does not fire at once',
    },
  },
  {
    name: 'M9 refresh',
    mistake: 'a refresh follows redirects, with its token',
    patches: [
      {
        file: 'src/wire/request.ts',
        find: "redirect: 'manual'",
        put: "redirect: 'follow'",
      },
    ],
    caughtBy: {
      file: 'test/wire/network.test.ts',
      test: 'A5 and X6: 301 is not followed, so the token stays home',
    },
  },
  {
    name: 'M9 call',
    mistake: 'a call follows redirects, with its bearer',
    patches: [
      {
        file: 'src/session/sessionFetch.ts',
        find: "=== 'error' ? 'error' : 'manual'",
        put: "=== 'error' ? 'error' : 'follow'",
      },
    ],
    caughtBy: {
      file: 'test/session/fetch.test.ts',
      test: '301 to a second server: it is not called, and the error names its origin only',
    },
  },
  {
    name: 'M10',
    mistake: 'what tells flights apart leaves out the tenant',
    patches: [
      {
        file: 'src/coordination/flightText.ts',
        find: '    identity.tenantId,\n',
        put: '',
      },
    ],
    caughtBy: {
      file: 'test/coordination/coalescing.test.ts',
      test: 'an absent tenant is not an empty one (I7, X18)',
    },
  },
  {
    name: 'M11',
    mistake: 'a renewal is told to callers before it is stored',
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
    caughtBy: {
      file: 'test/session/answers.test.ts',
      test: 'A1 a rotated answer is committed before anybody is told',
    },
  },
  {
    name: 'M12',
    mistake: 'a lease is released by whoever holds it no longer',
    patches: [
      {
        file: 'src/redis/scripts.ts',
        find: "if not row or not row.openUntil or f[2] ~= ARGV[1] then return {'lost'} end\n",
        put: '',
      },
    ],
    caughtBy: {
      file: 'test/redis/coordinator.test.ts',
      test: 'C25: who lost the intent cannot settle it for who has it',
    },
  },
  {
    name: 'M13 event',
    mistake: 'the facts that the chart is told hold the token',
    patches: [
      {
        file: 'src/session/grant.ts',
        find: '      user: of.user,\n',
        put: '      user: of.user,\n      token: tokens.bearer,\n',
      },
    ],
    caughtBy: {
      file: 'test/session/canary.test.ts',
      test: 'of a whole life at openid',
    },
  },
  {
    name: 'M13 context',
    mistake: 'so does its context, and every snapshot',
    patches: [
      {
        file: 'src/session/grant.ts',
        find: '      user: of.user,\n',
        put: '      user: { ...of.user, token: tokens.bearer },\n',
      },
    ],
    caughtBy: {
      file: 'test/session/canary.test.ts',
      test: 'of a whole life at openid',
    },
  },
  {
    name: 'M14',
    mistake: 'the signal of a caller aborts the refresh of all',
    patches: [
      {
        file: 'src/session/bearerSource.ts',
        find: 'wait: (signal) => orAborted(supply.acquire(), signal)',
        put: 'wait: (signal) => (Object.assign(settings, { signal }), orAborted(supply.acquire(), signal))',
      },
      {
        file: 'src/session/runtime.ts',
        find: 'orAborted(supply.acquire(), options?.signal)',
        put: '(Object.assign(settings, options), orAborted(supply.acquire(), options?.signal))',
      },
      {
        file: 'src/session/attempts.ts',
        find: '    const { signal } = controller\n',
        put: "    const { signal } = controller\n    ;(settings as { signal?: AbortSignal }).signal?.addEventListener('abort', () => controller.abort())\n",
      },
    ],
    caughtBy: {
      file: 'test/session/concurrency.test.ts',
      test: 'takes nobody with it, and the refresh goes on',
    },
  },
  {
    name: 'M15',
    mistake: 'what is remembered for stragglers outlives the logout',
    patches: [
      {
        file: 'src/coordination/coalescer.ts',
        find: '    else past.set(key, { scope, answer: ENDED })\n',
        put: '',
      },
    ],
    caughtBy: {
      file: 'test/coordination/logout.test.ts',
      test: 'stragglers with any known token of the session are told that it ended (C7, I5, I6)',
    },
  },
  {
    name: 'M15 Redis',
    mistake: 'the same between processes',
    patches: [
      {
        file: 'src/redis/scripts.ts',
        find: "if redis.call('EXISTS', KEYS[2]) == 1 then return {'ended'} end\n",
        put: '',
      },
      {
        file: 'src/redis/scripts.ts',
        find: "  redis.call('DEL', KEYS[1])\n  redis.call('HSET', KEYS[1], 'state', 'ended')\n",
        put: '',
      },
    ],
    caughtBy: {
      file: 'test/redis/coordinator.test.ts',
      test: 'X17: what one process logged out, no other replays',
    },
  },
  {
    name: 'M16',
    mistake: 'of several cookies of one name the first counts',
    patches: [
      {
        file: 'src/wire/cookies.ts',
        find: ') found = value',
        put: ') found ??= value',
      },
    ],
    caughtBy: {
      file: 'test/librechat/cookieStrategy.test.ts',
      test: 'A20 two cookies, old, then new: the last living one counts, with a warning',
    },
  },
]
