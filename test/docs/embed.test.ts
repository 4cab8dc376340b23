import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { names } from '../../examples/embed/startEmbed.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const guides = Object.fromEntries(
  [...names, 'oauth'].map((name) => [name, name === 'react' ? 'docs/react.md' : `docs/embed-${name}.md`]),
)

/** test/e2e/embed.chromium.test.ts and oauth.chromium.test.ts run the files; the guides show them. */
describe.each(Object.entries(guides))('the guide of "%s"', (name, page) => {
  const text = readFileSync(root + page, 'utf8')
  const shown = [...text.matchAll(/^```\w+\n(.*?)^```$/gms)].map(([, code]) => code)

  test('shows every file of its example as it is run', () => {
    const folder = `${root}examples/embed/${name}`
    for (const file of readdirSync(folder))
      expect(shown, file).toContain(readFileSync(`${folder}/${file}`, 'utf8'))
  })

  test('begins with what to install, and shows nothing else', () => {
    expect(shown[0]).toMatch(/^npm install xstate-session xstate\b.*\n$/)
    // Two have more to tell: a translation, and @xstate/react; Keycloak.
    const others = 1 + ({ react: 2, oauth: 1 }[name] ?? 0)
    expect(shown).toHaveLength(readdirSync(`${root}examples/embed/${name}`).length + others)
  })

  test('is found from the front page', () => {
    expect(readFileSync(`${root}README.md`, 'utf8')).toContain(`](${page})`)
  })
})
