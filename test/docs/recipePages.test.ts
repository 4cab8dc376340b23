import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { chapters } from '../../docs/site/navigation.ts'
import { filesOf } from '../recipes/filesOf.ts'
import { recipes } from '../recipes/recipes.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const listed = chapters.flatMap(({ pages }) => pages.map(({ source }) => source))
const pages = [...new Set(Object.values(recipes).map(({ page }) => page))]

/** What a page tells to install. */
function installedBy(page: string): readonly string[] {
  const text = readFileSync(`${root}${page}`, 'utf8')
  return [...text.matchAll(/^npm install (?:--save-dev )?(.*?)(?: #.*)?$/gm)].flatMap(([, names = '']) =>
    names.split(' '),
  )
}

describe.each(pages)('U63: %s, which `npm run recipes` follows', (page) => {
  const text = readFileSync(`${root}${page}`, 'utf8')

  test('says where each of its files goes', async () => {
    // What takes the place of one of them says of which.
    const blocks = [...text.matchAll(/^```(\w+)\n(?!\/\/ \S+: replaces )/gm)].filter(
      ([, info]) => info !== 'sh',
    )
    const paths = (await filesOf(page)).map(({ path }) => path)
    expect(paths.length).toBeGreaterThan(0)
    expect(paths).toHaveLength(blocks.length)
    expect(new Set(paths).size).toBe(paths.length)
  })

  test('tells to install what its recipe installs', () => {
    for (const { after = [], packages, page: of } of Object.values(recipes)) {
      if (of !== page) continue
      const told = [page, ...after].flatMap(installedBy)
      // A runtime is had from anywhere.
      expect(packages.filter((name) => !told.includes(name) && !['bun', 'deno'].includes(name))).toEqual([])
    }
  })

  test('asks for no old version without a reason, which the recipe looks for', () => {
    const old = installedBy(page).filter((name) => /.@(?!latest$)/.test(name))
    const reasons = Object.values(recipes).flatMap((recipe) =>
      recipe.page === page ? Object.keys(recipe.versions ?? {}) : [],
    )
    expect(old).toEqual(reasons)
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
