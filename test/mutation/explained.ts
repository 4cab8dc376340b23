/** A mutant that no test can, or should, notice. */
export interface Explained {
  readonly file: string
  /** What is mutated, as it stands there, and what becomes of it. */
  readonly code: string
  readonly put: string
  /** At how many places of the file; default 1. */
  readonly places?: number
  readonly why: string
}

export const explained: readonly Explained[] = [
  {
    file: 'machines/session.deadlines.ts',
    code: 'ms > 0',
    put: 'ms >= 0',
    why: 'Of a delay of 0 both make 0.',
  },
  {
    file: 'src/coordination/coalescer.ts',
    code: '{ asking.delete(ask) }',
    put: '{}',
    why: 'Who was answered is not looked at again: memory alone tells.',
  },
  {
    file: 'src/coordination/coalescer.ts',
    code: 'asking.delete(ask)',
    put: ';',
    why: 'The same.',
  },
  {
    file: 'src/session/logins.ts',
    code: '++logins',
    put: '--logins',
    places: 2,
    why: 'Counted down, each number is still another than the one before, and is only compared with it.',
  },
  {
    file: 'src/session/sessionFetch.ts',
    code: 'input instanceof Request',
    put: 'false',
    why: '`resolve` comes to the same, more slowly.',
  },
  {
    file: 'src/session/sessionFetch.ts',
    code: "typeof input !== 'string'",
    put: 'true',
    why: 'The same.',
  },
  {
    file: 'src/session/sessionFetch.ts',
    code: "'string'",
    put: '""',
    why: 'The same.',
  },
  {
    file: 'src/session/sessionFetch.ts',
    code: 'isOwnPath(input)',
    put: 'false',
    why: 'The same.',
  },
  {
    file: 'src/session/sessionFetch.ts',
    code: '{ const second = input.charCodeAt(1) return input.charCodeAt(0) === 47 && second !== 47 && second !== 92 && !(second < 32) }',
    put: '{}',
    why: 'The same.',
  },
  {
    file: 'src/session/sessionFetch.ts',
    code: 'input.charCodeAt(0) === 47 && second !== 47 && second !== 92 && !(second < 32)',
    put: 'false',
    why: 'The same.',
  },
  {
    file: 'src/session/sessionFetch.ts',
    code: 'second < 32',
    put: 'true',
    why: 'The same.',
  },
  {
    file: 'src/session/sessionFetch.ts',
    code: 'second < 32',
    put: 'second <= 32',
    why: 'The same.',
  },
  {
    file: 'src/librechat/logout.ts',
    code: "result.kind === 'answer'",
    put: 'true',
    why: 'For the types: nothing but an answer has the status that is asked for next.',
  },
  {
    file: 'src/wire/request.ts',
    code: 'late.body?.cancel',
    put: 'late.body.cancel',
    why: 'Where there is no body, the `catch` that follows takes that error too.',
  },
  {
    file: 'src/session/vault.ts',
    code: 'bearer !== tokens.bearer',
    put: 'true',
    why: 'A shortcut: the same text, made anew.',
  },
  {
    file: 'src/session/vault.ts',
    code: '[]',
    put: '["Stryker was here"]',
    places: 3,
    why: 'What is no token equals none.',
  },
  {
    file: 'src/session/lifetime.ts',
    code: '/^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$/',
    put: '/^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)/',
    why: '`Date.parse` refuses what follows.',
  },
]
