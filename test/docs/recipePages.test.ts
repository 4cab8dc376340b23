import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { chapters } from '../../docs/site/navigation.ts'
import { filesOf } from '../recipes/filesOf.ts'
import { recipes } from '../recipes/recipes.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const listed = chapters.flatMap(({ pages }) => pages.map(({ source }) => source))
const pages = [...new Set(Object.values(recipes).map(({ page }) => page))]

describe.each(pages)('U63: %s, which `npm run recipes` follows', (page) => {
  const text = readFileSync(`${root}${page}`, 'utf8')

  test('says where each of its files goes', async () => {
    const blocks = [...text.matchAll(/^```(\w+)\n/gm)].filter(([, info]) => info !== 'sh')
    const paths = (await filesOf(page)).map(({ path }) => path)
    expect(paths.length).toBeGreaterThan(0)
    expect(paths).toHaveLength(blocks.length)
    expect(new Set(paths).size).toBe(paths.length)
  })

  test('tells to install what its recipe installs', () => {
    const told = [...text.matchAll(/^npm install (.*?)(?: #.*)?$/gm)].flatMap(([, names = '']) =>
      names.split(' '),
    )
    const installed = Object.values(recipes).filter((recipe) => recipe.page === page)
    // A runtime is had from anywhere; what the pages before it have told is there.
    const packages = installed.flatMap((recipe) =>
      recipe.after ? recipe.packages.slice(1) : recipe.packages,
    )
    expect(packages.filter((name) => !told.includes(name) && !['bun', 'deno'].includes(name))).toEqual([])
  })

  test('is found from the front page and in the navigation', () => {
    expect(readFileSync(`${root}README.md`, 'utf8')).toContain(`](${page})`)
    expect(listed).toContain(page)
  })
})

test('U63: a page that says where its files go is followed', async () => {
  const embeds = readdirSync(`${root}docs`).filter((name) => /^embed-.*\.md$/.test(name))
  for (const name of embeds) {
    // One page names a single file so: its example is run by test/e2e.
    if ((await filesOf(`docs/${name}`)).some(({ path }) => path !== 'index.html'))
      expect(pages, name).toContain(`docs/${name}`)
  }
})
