import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { chapters } from '../../docs/site/navigation.ts'
import { slugOf } from '../../docs/site/slugOf.ts'
import { recipes } from '../recipes/recipes.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pages = chapters.flatMap((chapter) => chapter.pages.map(({ source }) => source))

/** These are compiled, and run, by what they are written for: `npm run recipes`. */
const recipePages = Object.values(recipes).map(({ page }) => page)

/** The types of the variables that Vite puts into a page, for a sample's folder. */
const VITE = '../../../examples/embed/oauth-react/src/vite-env.d.ts'

/** What a page may show that is not compiled; anything else in TypeScript or JSX is. */
const OTHERS = ['', 'text', 'sh', 'json', 'nginx', 'caddy', 'yaml', 'html', 'sql', 'mermaid']

/** The blocks of code of a text, each with the word behind its fence. */
const blocksOf = (text: string) =>
  [...text.matchAll(/^( *)(`{3,}|~{3,})(.*)\n(?:([\s\S]*?)\n)??\1\2`*$/gm)].map(
    ([, , , info = '', code = '']) => [info.trim(), code] as const,
  )

/** The samples of a page, each a module of its own, under the name in its first line where it has one. */
async function samplesOf(page: string): Promise<[name: string, code: string][]> {
  const samples = blocksOf(await readFile(root + page, 'utf8')).filter(([info]) => /^tsx?$/.test(info))
  return samples.map(([info, code], index) => {
    const name = /^\/\/ (\S+\.tsx?)$/m.exec(code)?.[1] ?? `sample-${index + 1}.${info}`
    return [`${page.replace(/\W/g, '-')}/${name}`, code]
  })
}

/** The modules of which the compiler complains, under the project's own settings. */
async function complaints(samples: readonly [name: string, code: string][]): Promise<string[]> {
  const folder = await mkdtemp(`${root}test/docs/.samples-`)
  try {
    for (const [name, code] of samples) {
      await mkdir(dirname(`${folder}/${name}`), { recursive: true })
      await writeFile(`${folder}/${name}`, `${code}\nexport {}\n`)
    }
    const config = { extends: '../../../tsconfig.json', include: ['**/*.ts', '**/*.tsx', VITE] }
    await writeFile(`${folder}/tsconfig.json`, JSON.stringify(config))
    const tsc = `${root}node_modules/@typescript/native/bin/tsc`
    const run = promisify(execFile)(process.execPath, [tsc, '--noEmit', '-p', folder])
    const output = await run.then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    )
    return output.split('\n').filter(Boolean)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('every sample of the pages compiles, and a wrong one is noticed', async () => {
  const samples = (
    await Promise.all(pages.filter((page) => !recipePages.includes(page)).map(samplesOf))
  ).flat()
  expect(samples.length).toBeGreaterThan(5)
  const wrong = `import { createSessions } from 'xstate-session'\ncreateSessions()`
  expect(await complaints([...samples, ['wrong.ts', wrong]])).toEqual([
    expect.stringMatching(/wrong\.ts.*createSessions/),
  ])
})

test.each(pages)('%s shows code in languages that are known', async (page) => {
  const blocks = blocksOf(await readFile(root + page, 'utf8'))
  const infos = blocks.map(([info]) => info)
  expect(infos.filter((info) => !/^tsx?$/.test(info) && !OTHERS.includes(info))).toEqual([])
})

test('a block is found whatever its fence, and a word that is not known too', () => {
  const text = [
    '```ts',
    'a',
    '```',
    '',
    '~~~js',
    'b',
    '~~~',
    '',
    '````tsx',
    '```',
    '````',
    '```',
    '```',
  ].join('\n')
  expect(blocksOf(text)).toEqual([
    ['ts', 'a'],
    ['js', 'b'],
    ['tsx', '```'],
    ['', ''],
  ])
})

const slugsOf = (text: string) => [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => slugOf(title))

test.each(pages)('every link of %s to another page leads somewhere', async (page) => {
  const text = await readFile(root + page, 'utf8')
  for (const [, target = '', anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
    const found = target ? await readFile(new URL(target, new URL(page, `file://${root}`)), 'utf8') : text
    if (anchor) expect(slugsOf(found), `${target}#${anchor}`).toContain(anchor)
  }
})

// The newest changes stand first, and lead nowhere.
const read = pages.filter((page) => page !== 'CHANGELOG.md')

test.each(read)('%s is no dead end: its last section leads to another page', async (page) => {
  const text = await readFile(root + page, 'utf8')
  const last = text.slice(Math.max(0, text.lastIndexOf('\n## '))).replace(/^```.*?^```/gms, '')
  expect(last).toMatch(/\]\((?!https?:)[^)#]+\.md(#[^)]+)?\)/)
})

test.each(pages)(
  'U83: no form of %s writes a password into an address before the page’s script runs',
  async (page) => {
    const text = await readFile(root + page, 'utf8')
    const forms = [...text.matchAll(/<form\b[^>]*>|component="form"[^>]*>/g)].map(([form]) => form)
    expect(forms.filter((form) => !/method="?post/i.test(form))).toEqual([])
  },
)

test.each(pages)(
  'U86: where %s begins a login at a provider, it shows why that could not begin',
  async (page) => {
    const samples = blocksOf(await readFile(root + page, 'utf8'))
      .filter(([info]) => /^(tsx?|html)$/.test(info))
      .map(([, code]) => code)
    const begun = samples.join('\n')
    // Lines of an explanation, which show a call alone.
    if (!/loginWithRedirect\([^)]*\)\.catch\(/.test(begun)) return
    expect(begun).toContain('loginErrorText(')
    expect(begun).not.toMatch(/loginWithRedirect\([^)]*\)\.catch\(\(\) => (\{\s*\}|undefined)\)/)
    // It comes back with `?error=` from a login that has failed there.
    expect(begun).toMatch(/URLSearchParams\((location\.)?search\)\.get\('error'\)/)
  },
)
