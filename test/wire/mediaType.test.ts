import { expect, test } from 'vitest'
import { isJson, mediaTypeOf } from '../../src/wire/mediaType.ts'

const headers = (type?: string) => new Headers(type === undefined ? {} : { 'content-type': type })

test.each([
  ['application/json', 'application/json'],
  ['Application/JSON\t; charset=utf-8', 'application/json'],
  ['text/html;x="a;b"', 'text/html'],
  ['', ''],
  [undefined, ''],
])('the type of %j is %j', (type, is) => {
  expect(mediaTypeOf(headers(type))).toBe(is)
})

test.each([
  'application/json',
  'APPLICATION/JSON',
  'application/json\t ;charset=utf-8',
  'application/problem+json',
  'application/vnd.api-2_x.y+json',
  'application/json; charset="UTF-8"',
  'application/json;charset \t=\t "utf-8" \t; x=y',
  'application/json; x=y',
  'application/json; mycharset=latin1',
])('%j is JSON', (type) => {
  expect(isJson(headers(type))).toBe(true)
})

test.each([
  undefined,
  '',
  'text/json',
  'x application/json',
  'application/jsonp',
  'application/+json',
  'application/a b+json',
  'application/json x',
  'application/json; charset=latin1',
  'application/json; \tcharset \t=\t latin1',
  'application/json;charset=utf-8x',
  'application/json;charset="utf-16"',
  'application/json;CHARSET=utf-7',
])('%j is none', (type) => {
  expect(isJson(headers(type))).toBe(false)
})
