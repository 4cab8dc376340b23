import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { type FaultId, faults } from '../faults.ts'

const testFolder = fileURLToPath(new URL('..', import.meta.url))
const isFault = (id: string): id is FaultId => Object.hasOwn(faults, id)

/** Ids at the start of a title (`A5, A6 and I10: …`) or in brackets (`… (A5, I10)`). */
function idsOfTitle(title: string): string[] {
  const list = /[A-Z]\d+(?:(?:\s*[,/&+]\s*|\s+and\s+)[A-Z]\d+)*/.source
  const lists = title.match(new RegExp(`^${list}(?![\\w-])|(?<=[([])${list}(?=[)\\]])`, 'g')) ?? []
  return lists.flatMap((found) => found.match(/[A-Z]\d+/g) ?? [])
}

/**
 * The ids that the tests of a file name. Read from the source, so that a row counts only where its test is
 * written down; a skipped test and a `describe` without a test prove nothing.
 */
function idsOfFile(fileName: string, text: string): string[] {
  const found: string[] = []

  /** Walks `node` and tells whether a test that runs is inside. */
  function walk(node: ts.Node): boolean {
    const call = ts.isCallExpression(node) ? readCall(node) : undefined
    if (call?.skipped) return false
    let hasTest = call?.kind === 'test'
    const titlesAt = found.length
    ts.forEachChild(node, (child) => {
      hasTest = walk(child) || hasTest
    })
    if (call && hasTest) found.splice(titlesAt, 0, ...call.titles.flatMap(idsOfTitle))
    return hasTest
  }

  walk(ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true))
  return found
}

/** `test('…')`, `it.only('…')`, `describe('…')`, `test.each([['A1 …'], …])('%s')`; anything else is no test. */
function readCall(node: ts.CallExpression) {
  const words: string[] = []
  const rows: ts.Node[] = []
  let callee: ts.Node = node.expression
  while (!ts.isIdentifier(callee)) {
    if (ts.isPropertyAccessExpression(callee)) {
      words.push(callee.name.text)
      callee = callee.expression
    } else if (ts.isCallExpression(callee)) {
      rows.push(...callee.arguments)
      callee = callee.expression
    } else return undefined
  }
  if (!['test', 'it', 'describe'].includes(callee.text)) return undefined
  const [title] = node.arguments
  if (!title || !(ts.isStringLiteralLike(title) || ts.isTemplateExpression(title))) return undefined
  return {
    kind: callee.text === 'describe' ? ('describe' as const) : ('test' as const),
    skipped: words.includes('skip') || words.includes('todo'),
    titles: [
      ts.isTemplateExpression(title) ? title.head.text : title.text,
      ...rows.flatMap((row) => (ts.isArrayLiteralExpression(row) ? row.elements.flatMap(stringsOfRow) : [])),
    ],
  }
}

/** The strings that a row of a table may put into its title. */
function stringsOfRow(row: ts.Node): string[] {
  if (ts.isStringLiteralLike(row)) return [row.text]
  if (ts.isArrayLiteralExpression(row)) return row.elements.flatMap(stringsOfRow)
  if (ts.isObjectLiteralExpression(row)) {
    return row.properties.flatMap((p) => (ts.isPropertyAssignment(p) ? stringsOfRow(p.initializer) : []))
  }
  return []
}

function testedIds(): Map<string, string[]> {
  const tested = new Map<string, string[]>()
  // Other tests make folders whose names begin with a dot, and take them away meanwhile.
  const files = globSync('*/**/*.test.{ts,tsx}', { cwd: testFolder, exclude: ['house', 'oldest'] })
  for (const file of files) {
    for (const id of idsOfFile(file, readFileSync(testFolder + file, 'utf8'))) {
      tested.set(id, [...(tested.get(id) ?? []), file])
    }
  }
  return tested
}

describe('every row of the fault table has a test', () => {
  const tested = testedIds()

  test('no row is without a test', () => {
    const missing = Object.entries(faults).filter(([id]) => !tested.has(id))
    expect(missing.map(([id, title]) => `${id} ${title}`)).toEqual([])
  })

  test('every id in a title is a row', () => {
    const letters = new Set(Object.keys(faults).map((id) => id[0]))
    const strangers = [...tested].filter(([id]) => letters.has(id[0]) && !isFault(id))
    expect(strangers.map(([id, files]) => `${id} in ${files.join(', ')}`)).toEqual([])
  })
})

describe('the reading of titles', () => {
  test.each([
    ['A5 a redirect', ['A5']],
    ['A5: a redirect', ['A5']],
    ['A5, A6 and I10: a list', ['A5', 'A6', 'I10']],
    ['C7/C8 either', ['C7', 'C8']],
    ['a request is sent twice at most (A43, I10)', ['A43', 'I10']],
    ['A44', ['A44']],
    ['A4x is no id', []],
    ['A4-like', []],
    ['a mention of A4 in passing', []],
  ])('%s', (title, ids) => {
    expect(idsOfTitle(title)).toEqual(ids)
  })

  test.each([
    ["test('A1 x', () => {})", ['A1']],
    ["it.only('A1 x', () => {})", ['A1']],
    ["describe('A1 x', () => { test('y', () => {}) })", ['A1']],
    ["describe('A1 x', () => {})", []],
    ["test.skip('A1 x', () => {})", []],
    ["test.todo('A1 x')", []],
    ["describe.skip('A1 x', () => { test('A2 y', () => {}) })", []],
    ["test.each([['A1 x', 1], ['A2 y', 2]])('%s', () => {})", ['A1', 'A2']],
    ["test.each([{ name: 'A1 x' }])('$name', () => {})", ['A1']],
    [`test(\`A1 x \${1}\`, () => {})`, ['A1']],
    ["expect('A1 x')", []],
  ])('of %s', (source, ids) => {
    expect(idsOfFile('some.test.ts', source)).toEqual(ids)
  })
})
