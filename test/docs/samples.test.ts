import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pages = [
  'README.md',
  'docs/guide.md',
  'docs/outcomes.md',
  'docs/house.md',
  'docs/statechart.md',
  'docs/operations.md',
  'docs/security.md',
  'docs/deployment.md',
  'docs/react.md',
  'docs/browser.md',
  'docs/recipes.md',
  'docs/inspect.md',
]

/** The TypeScript samples of a page, each to be a module of its own. */
async function samplesOf(page: string): Promise<[name: string, code: string][]> {
  const text = await readFile(root + page, 'utf8')
  const samples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)]
  return samples.map(([, code = ''], index) => [`${page.replace(/\W/g, '-')}-${index + 1}.ts`, code])
}

/** The modules of which the compiler complains, under the project's own settings. */
async function complaints(samples: readonly [name: string, code: string][]): Promise<string[]> {
  const folder = await mkdtemp(`${root}test/docs/.samples-`)
  try {
    for (const [name, code] of samples) await writeFile(`${folder}/${name}`, `${code}\nexport {}\n`)
    const config = { extends: '../../../tsconfig.json', include: ['*.ts'] }
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
  const samples = (await Promise.all(pages.map(samplesOf))).flat()
  expect(samples.length).toBeGreaterThan(5)
  const wrong = `import { createSessions } from 'xstate-session'\ncreateSessions()`
  expect(await complaints([...samples, ['wrong.ts', wrong]])).toEqual([
    expect.stringMatching(/wrong\.ts.*createSessions/),
  ])
}, 60_000)

/** What GitHub makes of a heading. */
const slugsOf = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

test.each(pages)('every link of %s to another page leads somewhere', async (page) => {
  const text = await readFile(root + page, 'utf8')
  for (const [, target = '', anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
    const found = target ? await readFile(new URL(target, new URL(page, `file://${root}`)), 'utf8') : text
    if (anchor) expect(slugsOf(found), `${target}#${anchor}`).toContain(anchor)
  }
})
