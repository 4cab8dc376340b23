import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { type AnySessionState, selectSession } from '../../machines/session.select.ts'
import { begin, instants, LOGIN, type Snapshot, step } from './chart.ts'
import { type Setting, settings, variants } from './situations.ts'
import { inputs, instantOf, moves } from './walks.ts'

const LOGGED_OUT = ['never', 'user', 'elsewhere', 'backChannel']

/** What the type of a state promises: which members go together. */
function expectNarrow(snapshot: Snapshot, status: 'active' | 'stopped' | 'error') {
  const told: AnySessionState = selectSession({ ...snapshot, status } as Snapshot)
  const { state, user, reason, isAuthenticated, isUsable, isPending, shouldOfferLogin } = told
  const title = `${state}, ${status}`
  const isLiving = ['active', 'nearingExpiry', 'refreshing', 'retrying'].includes(state)
  expect(isAuthenticated, title).toBe(isLiving)
  if (isLiving) expect([user, reason, isPending], title).toEqual([expect.anything(), null, false])
  else {
    expect([isUsable, shouldOfferLogin], title).toEqual([false, false])
    expect(told, title).not.toHaveProperty('expiresAt')
    expect(told, title).not.toHaveProperty('retryAt')
    expect(told, title).not.toHaveProperty('idleEndsAt')
    expect(LOGGED_OUT.includes(reason as string), title).toBe(state === 'loggedOut')
  }
  if (state === 'loggedOut') expect(user, title).toBeNull()
  if (state === 'expired') expect([isPending, typeof reason], title).toEqual([false, 'string'])
  return state
}

const expectAll = (snapshot: Snapshot) =>
  (['active', 'stopped', 'error'] as const).map((status) => expectNarrow(snapshot, status))

test('U50: what the type of a state promises holds in every state, after every event', () => {
  const seen = new Set<string>()
  for (const setting of Object.values(settings) as Setting[])
    for (const { snapshot, since } of Object.values(setting))
      for (const [type, ways] of Object.entries(variants))
        for (const fields of Object.values(ways))
          for (const at of Object.values(instants)) {
            if (at < since) continue
            const { after } = step(snapshot, { type, ...fields, at } as never)
            for (const state of expectAll(after)) seen.add(state)
          }
  expect(seen.size).toBe(6)
})

test('U50: the same on every walk', () => {
  fc.assert(
    fc.property(inputs, moves, (input, way) => {
      let now = LOGIN
      let snapshot = begin(input)
      expectAll(snapshot)
      for (const { after, make } of way) {
        const { leadAt: lead, endsAt: end, floorAt: floor } = snapshot.context
        now = instantOf(after, now, { lead, end, floor })
        snapshot = step(snapshot, make(now, snapshot.context)).after
        expectAll(snapshot)
      }
    }),
    { numRuns: 300 },
  )
})

test('U50: a field that is declared and read by nobody does not compile', () => {
  const types = fileURLToPath(new URL('../../machines/session.types.ts', import.meta.url))
  const own = fileURLToPath(new URL('augmentation.ts', import.meta.url))
  const text = `export {}
declare module '../../machines/session.types.ts' { interface SessionUser { readonly roles: string[] } }`
  const host = ts.createCompilerHost({})
  const read = host.getSourceFile
  host.getSourceFile = (name, ...rest) =>
    name === own ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : read(name, ...rest)
  const options = { noLib: true, types: [], noEmit: true, allowImportingTsExtensions: true }
  const program = ts.createProgram([types, own], options, host)
  const source = program.getSourceFile(own)
  const found = program.getSemanticDiagnostics(source).map(({ messageText }) => messageText)
  expect(found).toEqual(["Duplicate identifier 'SessionUser'."])
})
