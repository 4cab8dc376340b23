/** A mutant that no test can notice. */
export interface ExplainedMutant {
  readonly file: string
  /** The code that is mutated, and its replacement. */
  readonly code: string
  readonly put: string
  /** The number of places of the file that have this code; default 1. */
  readonly places?: number
}

/** Mutants that change nothing observable, all for the same reason. */
export interface Kind {
  readonly name: string
  readonly why: string
  readonly mutants: readonly ExplainedMutant[]
}

export const explained: readonly Kind[] = [
  {
    name: 'boundary',
    why: 'The two conditions differ for one value only, and that value has the same result either way.',
    mutants: [
      { file: 'machines/session.deadlines.ts', code: 'ms > 0', put: 'ms >= 0' },
      { file: 'machines/session.ledger.ts', code: 'retryAfterMs > 0', put: 'retryAfterMs >= 0' },
    ],
  },
  {
    name: 'shortcut',
    why: 'The code that follows has the same result, more slowly.',
    mutants: [
      { file: 'src/session/sessionFetch.ts', code: 'input instanceof Request', put: 'false' },
      { file: 'src/session/sessionFetch.ts', code: "typeof input !== 'string'", put: 'true' },
      { file: 'src/session/sessionFetch.ts', code: "'string'", put: '""' },
      { file: 'src/session/sessionFetch.ts', code: 'isOwnPath(input)', put: 'false' },
      {
        file: 'src/session/sessionFetch.ts',
        code: '{ const second = input.charCodeAt(1) return input.charCodeAt(0) === 47 && second !== 47 && second !== 92 && !(second < 32) }',
        put: '{}',
      },
      {
        file: 'src/session/sessionFetch.ts',
        code: 'input.charCodeAt(0) === 47 && second !== 47 && second !== 92 && !(second < 32)',
        put: 'false',
      },
      { file: 'src/session/sessionFetch.ts', code: 'second < 32', put: 'true' },
      { file: 'src/session/sessionFetch.ts', code: 'second < 32', put: 'second <= 32' },
      { file: 'src/session/vault.ts', code: 'bearer !== this.#tokens.bearer', put: 'true' },
      { file: 'src/stores/memoryServerStore.ts', code: '!tags.includes(tag)', put: 'true' },
      { file: 'src/wire/cookies.ts', code: "!line.includes(',')", put: 'false' },
      { file: 'src/wire/cookies.ts', code: '/^[ \\t]*[me]/i', put: '/[ \\t]*[me]/i' },
    ],
  },
  {
    name: 'memory',
    why: 'Nobody can read what is left behind or kept twice. The code only saves memory.',
    mutants: [
      { file: 'src/stores/memoryServerStore.ts', code: 'known !== key', put: 'true' },
      { file: 'src/stores/memoryServerStore.ts', code: 'known.size === 0', put: 'false' },
      { file: 'src/stores/memoryServerStore.ts', code: 'keys.delete(tag)', put: ';' },
      { file: 'src/stores/memoryServerStore.ts', code: 'unlink(tag, key)', put: ';' },
      { file: 'src/stores/memoryServerStore.ts', code: "''", put: '"Stryker was here!"' },
      { file: 'src/stores/memoryServerStore.ts', code: 'others.length > 0', put: 'true' },
      { file: 'src/stores/memoryServerStore.ts', code: 'others.length > 0', put: 'others.length >= 0' },
      { file: 'src/coordination/coalescer.ts', code: '{ asking.delete(ask) }', put: '{}' },
      ...[
        ['{ if (until > now && seen.size < MAX_SEEN) break seen.delete(old) }', '{}'],
        ['until > now && seen.size < MAX_SEEN', 'true'],
        ['until > now && seen.size < MAX_SEEN', 'until > now || seen.size < MAX_SEEN'],
        ['until > now', 'true'],
        ['until > now', 'until >= now'],
        ['seen.size < MAX_SEEN', 'true'],
        ['seen.size < MAX_SEEN', 'seen.size <= MAX_SEEN'],
        ['seen.delete(old)', ';'],
      ].map(([code = '', put = '']) => ({ file: 'src/backchannel/backChannelLogout.ts', code, put })),
      { file: 'src/coordination/coalescer.ts', code: 'asking.delete(ask)', put: ';' },
    ],
  },
  {
    name: 'identity',
    why: 'Nobody can tell the replacement from the value: it is only compared, or only its truth or a missing member is read.',
    mutants: [
      { file: 'machines/session.select.ts', code: "'active'", put: '""' },
      { file: 'src/stores/memoryServerStore.ts', code: '[]', put: '["Stryker was here"]' },
      { file: 'src/bff/login.ts', code: 'turns++', put: 'turns--', places: 2 },
      { file: 'src/bff/loginSteps.ts', code: '{ next: undefined }', put: '{}' },
      { file: 'src/oauth/oauthLogin.ts', code: '() => false', put: '() => undefined' },
      { file: 'src/session/logins.ts', code: '++of.logins', put: '--of.logins', places: 2 },
      { file: 'src/session/vault.ts', code: '[]', put: '["Stryker was here"]' },
      { file: 'src/wire/readAnswer.ts', code: '[]', put: '["Stryker was here"]' },
    ],
  },
  {
    name: 'key only',
    why: 'The table is a set for the type checker: only its keys are read.',
    mutants: [
      { file: 'machines/session.ledger.ts', code: 'true', put: 'false', places: 14 },
      { file: 'src/base/outcomeWords.ts', code: 'true', put: 'false', places: 32 },
    ],
  },
  {
    name: 'impossible',
    why: 'The check narrows a type. The value that it excludes cannot occur there.',
    mutants: [
      { file: 'src/librechat/logout.ts', code: "result.kind === 'answer'", put: 'true' },
      { file: 'src/oauth/refreshes.ts', code: "result.kind !== 'answer'", put: 'false' },
      { file: 'src/bff/refreshes.ts', code: 'body?.reason', put: 'body.reason' },
      { file: 'src/bff/bffFetch.ts', code: 'body?.reason', put: 'body.reason' },
      { file: 'src/stores/memoryServerStore.ts', code: 'known instanceof Set', put: 'true' },
    ],
  },
  {
    name: 'second check',
    why: 'The code that follows, a library, or the `catch` around it refuses the same case.',
    mutants: [
      { file: 'src/oauth/idToken.ts', code: '/^(?:EdDSA|Ed25519)$/', put: '/(?:EdDSA|Ed25519)$/' },
      { file: 'src/oauth/idToken.ts', code: '/^(?:EdDSA|Ed25519)$/', put: '/^(?:EdDSA|Ed25519)/' },
      { file: 'src/wire/request.ts', code: 'late.body?.cancel', put: 'late.body.cancel' },
      {
        file: 'src/session/lifetime.ts',
        code: '/^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$/',
        put: '/^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)/',
      },
    ],
  },
]
