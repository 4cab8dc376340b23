import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('each of the 28 weaknesses of the panel before has its test', () => {
  const text = readFileSync(new URL('../server/weaknesses.test.ts', import.meta.url), 'utf8')
  const found = [...text.matchAll(/^test(?:\.each(?:<.*>)?\([\s\S]*?\]\))?\('W(\d+)[:,] /gm)].map(([, id]) =>
    Number(id),
  )
  expect(found).toEqual(Array.from({ length: 28 }, (_, i) => i + 1))
})
