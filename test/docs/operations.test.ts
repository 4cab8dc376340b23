import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = await readFile(`${root}docs/operations.md`, 'utf8')

/** The text below a heading, down to the next. */
const section = (title: string) => page.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? ''

/** The words in the tables of a text: what stands as code in the first cell of a row. */
function wordsIn(text: string): Set<string> {
  const cells = [...text.matchAll(/^\| ([^|]*) \|/gm)].map(([, cell = '']) => cell)
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, word = '']) => word)))
}

/** Every word that a field of a notice may be, as the compiler sees it. */
function wordsOf(type: string): Map<string, Set<string>> {
  const file = `${root}src/server/notice.ts`
  const program = ts.createProgram([file], { strict: true, allowImportingTsExtensions: true, noEmit: true })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(file)
  const symbol = source && checker.getExportsOfModule(checker.getSymbolAtLocation(source) as ts.Symbol)
  const declared = checker.getDeclaredTypeOfSymbol(symbol?.find(({ name }) => name === type) as ts.Symbol)
  const found = new Map<string, Set<string>>()
  const literals = (those: ts.Type): string[] =>
    those.isUnion() ? those.types.flatMap(literals) : those.isStringLiteral() ? [those.value] : []
  for (const notice of declared.isUnion() ? declared.types : [declared]) {
    const field = (name: string) => {
      const property = notice.getProperty(name)
      return property ? literals(checker.getTypeOfSymbol(property)) : []
    }
    const [kind = ''] = field('type')
    for (const name of ['type', 'reason', 'cause', 'code', 'doing']) {
      const key = name === 'code' ? `${kind}.code` : name === 'cause' ? `${kind}.cause` : name
      found.set(key, new Set([...(found.get(key) ?? []), ...field(name)]))
    }
  }
  return found
}

const words = wordsOf('ServerNotice')

test.each([
  ['type', 'Notices'],
  ['reason', 'Reasons'],
  ['refreshDeferred.cause', 'Deferred refreshes'],
  ['turnedAway.code', 'Security'],
  ['security.code', 'Security'],
  ['warning.code', 'Warnings'],
])('operations: every "%s" of a notice is explained under "%s", and nothing else is', (field, title) => {
  const told = words.get(field) ?? new Set()
  expect(told.size).toBeGreaterThan(0)
  const explained = wordsIn(section(title))
  expect([...told].filter((word) => !explained.has(word))).toEqual([])
  const others =
    title === 'Security' ? ['turnedAway', 'security', 'code'] : ['type', 'reason', 'cause', 'code']
  const all =
    title === 'Security'
      ? [...told, ...(words.get('turnedAway.code') ?? []), ...(words.get('security.code') ?? [])]
      : told
  expect([...explained].filter((word) => ![...all, ...others].includes(word))).toEqual([])
})

test('operations: what else a notice may say is there', () => {
  const rest = [...(words.get('doing') ?? []), ...(words.get('notVerified.cause') ?? [])]
  expect(rest).toHaveLength(4)
  for (const word of rest) expect(section('Notices')).toContain(`\`${word}\``)
})

test('operations: every code of a refused login is there', async () => {
  const files = [
    'server/loginEndpoints',
    'server/loginCallback',
    ...['passwordSteps', 'codeSteps', 'loginCall', 'loginWords'].map((name) => `librechat/login/${name}`),
  ].map((name) => readFile(`${root}src/${name}.ts`, 'utf8'))
  const sources = (await Promise.all(files)).join('\n')
  const calls = sources.matchAll(
    /(?:refused\(|refusal\(|code: |return |said, )'([a-z]+(?:_[a-z]+)+|banned|forbidden)'/g,
  )
  const codes = new Set([...calls].map(([, code = '']) => code))
  for (const own of ['invalid_request', 'login_expired']) codes.delete(own)
  expect(codes.size).toBeGreaterThan(12)
  const explained = wordsIn(section('Logins'))
  expect([...codes].filter((code) => !explained.has(code))).toEqual([])
})

test('operations: every error that the server answers by itself is there', async () => {
  const names = ['answers', 'createSessionServer', 'currentSession', 'proxy', 'readBody']
  const files = names.map((name) => readFile(`${root}src/server/${name}.ts`, 'utf8'))
  const sources = (await Promise.all(files)).join('\n')
  const errors = new Set(
    [...sources.matchAll(/failure\(\d+, '(\w+)'|error: '(\w+)'/g)].map(([, a, b]) => a ?? b ?? ''),
  )
  errors.delete('invalid_request')
  expect(errors.size).toBeGreaterThan(6)
  expect([...errors].filter((error) => !section('What a page is answered').includes(`\`${error}\``))).toEqual(
    [],
  )
})
