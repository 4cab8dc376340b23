import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { testTitles } from '../../docs/site/testTitles.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = await readFile(`${root}docs/why-sessions-die.md`, 'utf8')
const complaints = page.split(/^### /m).slice(1)

/** The tests that a text names: title and file. */
const namedIn = (text: string) =>
  [...text.matchAll(/^- (.+)\s+in\s+`(test\/[^`]+)`/gm)].map(
    ([, title = '', file = '']) => [title.replace(/\s+/g, ' '), file] as const,
  )

test('every complaint has a test that shows how it is ruled out', () => {
  expect(complaints.length).toBeGreaterThan(25)
  const without = complaints.filter((text) => !namedIn(text).length || !text.includes('**Here.**'))
  expect(without.map((text) => text.split('\n')[0])).toEqual([])
})

test.each(namedIn(page))('there is a test "%s" in %s', async (title, file) => {
  expect([...testTitles(file, await readFile(root + file, 'utf8')).keys()]).toContain(title)
})

test('every thread is cited by its project and number', () => {
  const cited = [...page.matchAll(/\[([^\]]+)\]\((https:[^)]+)\)/g)]
  expect(cited.length).toBeGreaterThan(40)
  for (const [, words = '', url = ''] of cited) {
    const [, number] = /^https:\/\/github\.com\/[\w.-]+\/[\w.-]+\/(?:issues|pull)\/(\d+)$/.exec(url) ?? []
    expect(words, url).toMatch(new RegExp(` ${number}$`))
  }
})
