/** A mutant that no test can, or should, notice. */
export interface Explained {
  readonly file: string
  /** What is mutated, as it stands there, and what becomes of it. */
  readonly code: string
  readonly put: string
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
    file: 'machines/session.machine.ts',
    code: "{ context: {} as SessionContext, events: {} as SessionEvent, input: {} as SessionInput | undefined, tags: '' as SessionTag, }",
    put: '{}',
    why: 'Types alone: XState does not read them.',
  },
  {
    file: 'src/coordination/inProcess.ts',
    code: '{ asking.delete(ask) }',
    put: '{}',
    why: 'Who was answered is not looked at again: memory alone tells.',
  },
  {
    file: 'src/coordination/inProcess.ts',
    code: 'asking.delete(ask)',
    put: ';',
    why: 'The same.',
  },
  {
    file: 'src/wire/logout.ts',
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
]
