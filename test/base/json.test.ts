import { expect, test } from 'vitest'
import { parseJson } from '../../src/base/json.ts'

const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const named = (names: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: names }, (_, i) => [i, 0])))

test.each([
  ['as deep as it may be', deep(32)],
  ['many lists beside each other', `[${Array(40).fill('[]')}]`],
  ['many objects beside each other', `[${Array(40).fill('{}')}]`],
  ['as many names as there may be', named(10_000)],
  ['names that are repeated in other objects', '[{"a":1},{"a":{"a":null}}]'],
  ['signs inside of texts', String.raw`{"a":"\\","b\"":"\\\":[{","c":"}]\"\":"}`],
  ['no object', '":"'],
])('%s is read', (_, text) => {
  expect(parseJson(text)).toEqual({ value: JSON.parse(text) })
})

test.each([
  ['deeper', deep(33)],
  ['more names', named(10_001)],
  ['a name twice', '{"a":1,"b":{"c":1,"\\u0063":2}}'],
  ['a text without an end', '{"a":"'],
  ['a text that ends in its escape', '"\\"'],
  ['nothing', ''],
])('%s is not', (_, text) => {
  expect(parseJson(text)).toBeUndefined()
})
