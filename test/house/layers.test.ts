import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * The house: what the files of a room may import. A name ending with `/` is a whole room; everything else is
 * one file or one package. `types` may be imported as types only: they leave no trace in what is shipped.
 */
interface Room {
  readonly values: readonly string[]
  readonly types?: readonly string[]
}

/** The vocabulary and the contracts. Types, so every room may speak them. */
const contracts = [
  'machines/session.types.ts',
  'machines/session.ledger.ts',
  'src/session/strategy.ts',
  'src/coordination/coordinator.ts',
  'src/stores/store.ts',
  'src/stores/serverStore.ts',
  'src/server/serverLogin.ts',
  'src/server/backChannelVerifier.ts',
]

/** The decisions of the send ledger, and the instant that stands for never. */
const ledger = ['machines/session.ledger.ts', 'machines/session.instants.ts']

const rooms: Record<string, Room> = {
  'machines/': { values: ['machines/', 'xstate'] },
  'src/base/': { values: ['src/base/', '#development'], types: contracts },
  'src/session/': {
    values: ['src/session/', 'src/base/', 'machines/', 'xstate', '#transport', '#browser', '#development'],
    types: [...contracts, 'src/wire/'],
  },
  'src/wire/': {
    values: ['src/wire/', 'src/base/', 'machines/session.ledger.ts', '#transport', '#browser'],
    types: contracts,
  },
  'src/librechat/': {
    values: ['src/librechat/', 'src/wire/', 'src/base/', '#development', 'zod/mini'],
    types: contracts,
  },
  'src/oauth/': {
    values: ['src/oauth/', 'src/wire/', 'src/base/', '#browser', '#development', 'oauth4webapi'],
    types: contracts,
  },
  'src/dpop/': {
    values: [
      'src/dpop/',
      'src/browser/database.ts',
      'src/wire/',
      'src/base/',
      '#development',
      '#transport',
      'oauth4webapi',
    ],
    types: [...contracts, 'src/oauth/'],
  },
  'src/signin/': {
    values: ['src/signin/', 'src/browser/', 'src/librechat/login/', 'src/base/', '#development'],
    types: [...contracts, 'src/oauth/', 'src/session/', 'machines/'],
  },
  'src/bff/': {
    values: [
      'src/bff/',
      'src/session/',
      'src/wire/',
      'src/base/',
      'machines/',
      '#browser',
      '#development',
      'xstate',
    ],
    types: contracts,
  },
  'src/coordination/': { values: ['src/coordination/', 'src/base/', ...ledger], types: contracts },
  'src/stores/': { values: ['src/stores/', 'src/session/sharedRecord.ts', 'src/base/'], types: contracts },
  'src/redis/': {
    values: ['src/redis/', 'src/coordination/', 'src/base/', '#crypto', ...ledger],
    types: contracts,
  },
  'src/postgres/': { values: ['src/postgres/', 'src/base/', '#crypto'], types: contracts },
  'src/sqlite/': { values: ['src/sqlite/', 'src/base/', 'node:'], types: contracts },
  'src/browser/': {
    values: [
      'src/browser/',
      'src/bff/page.ts',
      'src/session/sharedRecord.ts',
      'src/coordination/',
      'src/stores/',
      'src/base/',
      '#development',
    ],
    types: [...contracts, 'src/session/'],
  },
  'src/server/': {
    values: [
      'src/server/',
      'src/session/',
      'machines/session.select.ts',
      'src/wire/',
      'src/coordination/',
      'src/stores/',
      'src/base/',
      '#crypto',
      '#forward',
      'xstate',
      'zod/mini',
    ],
    types: [...contracts, 'machines/'],
  },
  'src/refresher/': {
    values: ['src/refresher/', 'src/session/', 'src/coordination/', 'src/stores/', 'src/base/', ...ledger],
    types: [...contracts, 'machines/'],
  },
  'src/node/': { values: ['src/node/', 'src/platform/', 'src/server/', 'src/base/', 'node:'] },
  'src/backchannel/': {
    values: ['src/backchannel/', 'src/server/', 'src/wire/', 'src/base/', 'jose'],
    types: contracts,
  },
  'src/adapters/': {
    values: ['src/adapters/', 'src/base/'],
    types: [...contracts, 'src/session/', 'machines/'],
  },
  'src/react/': {
    values: ['src/react/', 'src/base/', '#development', 'react'],
    types: ['src/session/', 'src/signin/', 'machines/'],
  },
  'src/inspect/': {
    values: ['src/inspect/', 'src/base/', 'machines/'],
    types: ['xstate', 'src/session/'],
  },
  'src/recorder/': {
    values: ['src/recorder/', 'src/inspect/', 'src/base/', 'machines/', 'xstate'],
    types: [...contracts, 'src/session/', 'src/server/'],
  },
  'src/replay/': {
    values: ['src/replay/', 'src/recorder/', 'src/inspect/', 'machines/', 'zod/mini'],
    types: ['src/session/'],
  },
  'src/doctor/': { values: ['src/doctor/', 'src/base/', 'node:'] },
  'src/cli/': {
    values: ['src/cli/', 'src/replay/', 'src/doctor/', 'machines/', 'node:'],
    types: ['src/session/'],
  },
  'src/opentelemetry/': {
    values: ['src/opentelemetry/', 'src/base/', '@opentelemetry/api'],
    types: ['src/server/'],
  },
  'src/testing/': {
    values: [
      'src/testing/',
      'src/session/',
      'src/bff/',
      'src/librechat/',
      'src/base/',
      'machines/',
      'xstate',
    ],
    types: [...contracts, 'src/'],
  },
  'src/msw/': {
    values: ['src/msw/', 'src/testing/gatewayAnswers.ts', 'src/base/', 'msw'],
    types: [...contracts, 'src/testing/'],
  },
  'src/platform/': {
    values: ['src/platform/', 'src/base/', 'node:'],
    types: ['src/server/forwarding.ts'],
  },
  'src/exports/': { values: ['src/', 'machines/'] },
}

/** Who may read time: Rule 8, the clock is a parameter. */
const clockFile = 'src/base/clock.ts'
const timeWords = ['performance', 'setTimeout', 'setInterval', 'setImmediate']
/** What a pure machine has no business with. */
const worldWords = [
  'fetch',
  'window',
  'document',
  'navigator',
  'localStorage',
  'process',
  'crypto',
  'console',
]

/** What `text`, the source of `file`, does that its room does not allow. */
function trespasses(file: string, text: string): string[] {
  const found: string[] = []
  const room = roomOf(file)
  if (!room) return [`${file} is in no room of the house`]
  if (/(^|\/)utils?(\/|\.)/.test(file)) found.push(`${file}: a helper lives where it is used, not in "utils"`)

  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  for (const { from, typeOnly } of importsOf(source)) {
    const target = from.startsWith('.') ? posix.join(posix.dirname(file), from) : from
    const allowed = typeOnly ? [...room.values, ...(room.types ?? [])] : room.values
    if (!allowed.some((name) => matches(target, name))) {
      found.push(`${file} imports ${typeOnly ? 'types of ' : ''}${target}`)
    }
  }

  if (file.startsWith('src/exports/')) {
    const logic = source.statements.filter((s) => !(ts.isExportDeclaration(s) && s.moduleSpecifier))
    if (logic.length) found.push(`${file} does more than re-export`)
    if (source.statements.some((s) => ts.isExportDeclaration(s) && !s.exportClause)) {
      found.push(`${file} re-exports without names`)
    }
  }

  const words = wordsOf(source)
  if (file !== clockFile) {
    for (const word of words.filter((w) => timeWords.includes(w) || readsTime.test(w))) {
      found.push(`${file} reads time: ${word}`)
    }
  }
  if (file.startsWith('machines/')) {
    for (const word of words.filter((w) => worldWords.includes(w))) found.push(`${file} touches ${word}`)
  }
  return found
}

/** The narrowest entry of the table. */
function roomOf(file: string): Room | undefined {
  const names = Object.keys(rooms).filter((name) => matches(file, name))
  const narrowest = names.sort((a, b) => b.length - a.length)[0]
  return narrowest === undefined ? undefined : rooms[narrowest]
}

const matches = (target: string, name: string) =>
  name.endsWith('/') || name.endsWith(':') ? target.startsWith(name) : target === name

/** Every way to name another module: import, export from, import(), import('…').Type. */
function importsOf(source: ts.SourceFile): { from: string; typeOnly: boolean }[] {
  const found: { from: string; typeOnly: boolean }[] = []
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (specifier) found.push({ from: (specifier as ts.StringLiteralLike).text, typeOnly })
  }
  const allTypes = (bindings: ts.NamedImportBindings | ts.NamedExportBindings | undefined) =>
    bindings !== undefined &&
    (ts.isNamedImports(bindings) || ts.isNamedExports(bindings)) &&
    bindings.elements.length > 0 &&
    bindings.elements.every((element) => element.isTypeOnly)

  function walk(node: ts.Node): void {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause
      add(
        node.moduleSpecifier,
        clause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
          (!clause?.name && allTypes(clause?.namedBindings)),
      )
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly || allTypes(node.exportClause))
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false)
    }
    ts.forEachChild(node, walk)
  }
  walk(source)
  return found
}

const readsTime = /^(Date\.now|AbortSignal\.timeout|Date\(\))$/

/** The globals that a file may be using: free identifiers, and the members and calls of `Date` that read a clock. */
function wordsOf(source: ts.SourceFile): string[] {
  const found: string[] = []
  function walk(node: ts.Node): void {
    if (ts.isTypeNode(node)) return
    if (ts.isPropertyAccessExpression(node)) {
      if (ts.isIdentifier(node.expression)) {
        // globalThis.fetch is fetch
        if (node.expression.text === 'globalThis') found.push(node.name.text)
        found.push(`${node.expression.text}.${node.name.text}`)
      }
      walk(node.expression)
      return
    }
    if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && isDate(node.expression)) {
      if (ts.isCallExpression(node) || !node.arguments?.length) found.push('Date()')
    }
    if (ts.isIdentifier(node) && !isName(node)) found.push(node.text)
    ts.forEachChild(node, walk)
  }
  walk(source)
  return found
}

const isDate = (node: ts.Node) => ts.isIdentifier(node) && node.text === 'Date'

/** Whether an identifier only names something: a member, a property, a parameter. */
function isName(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isShorthandPropertyAssignment(parent)) return false
  return 'name' in parent && parent.name === node
}

function filesOf(folder: string): string[] {
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((file) => /\.tsx?$/.test(file))
}

describe('the house', () => {
  const files = [...filesOf('machines'), ...filesOf('src')]

  test('every file keeps to its room', () => {
    expect(files.flatMap((file) => trespasses(file, readFileSync(root + file, 'utf8')))).toEqual([])
  })

  test('every room of the table exists', () => {
    expect(Object.keys(rooms).filter((room) => !existsSync(root + room))).toEqual([])
  })

  test('the walk has seen the machine, the session and the wire', () => {
    for (const room of ['machines/', 'src/session/', 'src/wire/', 'src/librechat/']) {
      expect(files.filter((file) => file.startsWith(room)).length).toBeGreaterThan(0)
    }
  })
})

/** Files that import each other, types included: each circle as one line. `imports`: what each file imports. */
function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const reachable = (from: string): Set<string> => {
    const seen = new Set<string>()
    const open = [...(imports.get(from) ?? [])]
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (seen.has(file)) continue
      seen.add(file)
      open.push(...(imports.get(file) ?? []))
    }
    return seen
  }
  const reached = new Map([...imports.keys()].map((file) => [file, reachable(file)]))
  const circles = [...reached].flatMap(([file, others]) =>
    others.has(file)
      ? [
          [...others]
            .filter((other) => reached.get(other)?.has(file))
            .sort()
            .join(', '),
        ]
      : [],
  )
  return [...new Set(circles)]
}

/** What a reader has to hold in mind at once; lines. */
const LONGEST_FILE = 300
const LONGEST_CLOSURE = 165

/** The functions of `text` that are longer than `limit`, by the line that they begin in. */
function longFunctions(file: string, text: string, limit: number): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1
  const found: string[] = []
  function walk(node: ts.Node): void {
    if (ts.isFunctionLike(node)) {
      const from = lineOf(node.getStart())
      const lines = lineOf(node.end) - from + 1
      if (lines > limit) found.push(`${file}:${from} has ${lines} lines`)
    }
    ts.forEachChild(node, walk)
  }
  walk(source)
  return found
}

describe('a reader', () => {
  const files = [...filesOf('machines'), ...filesOf('src')].map((file) => ({
    file,
    text: readFileSync(root + file, 'utf8'),
  }))

  test('no file imports itself by way of others, types included', () => {
    const imports = files.map(({ file, text }) => {
      const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
      const own = importsOf(source).filter(({ from }) => from.startsWith('.'))
      return [file, own.map(({ from }) => posix.join(posix.dirname(file), from))] as const
    })
    expect(circlesOf(new Map(imports))).toEqual([])
    const wrong = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ])
    expect(circlesOf(wrong)).toEqual(['b, c'])
  })

  test('no text holds the marks of a merge: in a comment no compiler finds them', () => {
    const texts = ['machines', 'src', 'test', 'bench', 'docs', 'examples'].flatMap((folder) =>
      readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.(tsx?|md)$/.test(file) && !/node_modules|dist/.test(file))
        .map((file) => `${folder}/${file}`),
    )
    expect(texts.length).toBeGreaterThan(1_000)
    const marks = /^(<{7}|>{7}) /m
    expect(texts.filter((file) => marks.test(readFileSync(root + file, 'utf8')))).toEqual([])
  })

  test(`no file is longer than ${LONGEST_FILE} lines`, () => {
    const lines = (text: string) => text.split('\n').length - 1
    expect(files.filter(({ text }) => lines(text) > LONGEST_FILE).map(({ file }) => file)).toEqual([])
  })

  test(`no function is longer than ${LONGEST_CLOSURE} lines`, () => {
    expect(files.flatMap(({ file, text }) => longFunctions(file, text, LONGEST_CLOSURE))).toEqual([])
    const long = `function x() {${'\n'.repeat(LONGEST_CLOSURE)}}`
    expect(longFunctions('src/session/x.ts', long, LONGEST_CLOSURE)).toHaveLength(1)
  })
})

describe('the house notices', () => {
  test.each([
    ['machines/x.ts', "import { createSession } from '../src/session/createSession.ts'"],
    ['machines/x.ts', "import type { Clock } from '../src/base/clock.ts'"],
    ['machines/x.ts', "import { useState } from 'react'"],
    ['machines/x.ts', "export const x = () => fetch('/')"],
    ['machines/x.ts', "export const x = () => globalThis.fetch('/')"],
    ['machines/x.ts', 'export const x = Date.now()'],
    ['machines/x.ts', 'export const x = new Date()'],
    ['src/session/x.ts', 'export const x = setTimeout(() => {}, 1)'],
    ['src/session/x.ts', 'export const x = globalThis.performance.now()'],
    ['src/platform/transport.node.ts', 'export const x = AbortSignal.timeout(1)'],
    ['src/session/x.ts', "import { openidStrategy } from '../librechat/openidStrategy.ts'"],
    ['src/session/x.ts', "import { request } from '../wire/request.ts'"],
    ['src/session/x.ts', "export { request } from '../wire/request.ts'"],
    ['src/session/x.ts', "export const x = () => import('../wire/request.ts')"],
    ['src/wire/x.ts', "import * as z from 'zod'"],
    ['src/wire/x.ts', "import type { z } from 'zod'"],
    ['src/wire/x.ts', "import { sessionMachine } from '../../machines/session.machine.ts'"],
    ['src/librechat/openidStrategy.ts', "import * as oauth from 'oauth4webapi'"],
    ['src/oauth/x.ts', "import { memoryStore } from '../stores/memory.ts'"],
    ['src/coordination/x.ts', "import { type x, y } from '../session/strategy.ts'"],
    ['src/stores/x.ts', "let x: import('react').ReactNode"],
    ['src/exports/x.ts', 'export const x = 1'],
    ['src/exports/x.ts', "export * from '../session/errors.ts'"],
    ['src/session/utils/x.ts', ''],
    ['src/attic/x.ts', ''],
  ])('%s: %s', (file, text) => {
    expect(trespasses(file, text)).toHaveLength(1)
  })

  test.each([
    ['machines/x.ts', "import { setup } from 'xstate'"],
    ['src/session/x.ts', "import type { Outcome } from '../wire/outcome.ts'"],
    ['src/session/x.ts', "import { type Outcome } from '../wire/outcome.ts'"],
    ['src/session/x.ts', 'export const x = (clock: Clock) => clock.setTimer(() => {}, 1, "background")'],
    ['src/session/x.ts', 'export const x = { setTimeout: 1, performance: 2 }'],
    ['src/session/x.ts', 'let x: { fetch?: typeof globalThis.fetch; performance: number }'],
    ['src/wire/x.ts', 'export const x = Date.parse("2026-01-01")'],
    ['src/wire/x.ts', 'export const x = new Date(1)'],
    ['src/exports/x.ts', "export { x, type Y } from '../session/errors.ts'"],
    [clockFile, 'export const x = Date.now()'],
  ])('nothing in %s: %s', (file, text) => {
    expect(trespasses(file, text)).toEqual([])
  })
})
