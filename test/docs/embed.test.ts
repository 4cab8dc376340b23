import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { names } from '../../examples/embed/startEmbed.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const elsewhere: Readonly<Record<string, string>> = {
  react: 'docs/react.md',
  // docs/embed-react-admin.md is with its UI: `npm run recipes` follows it.
  'react-admin': 'docs/embed-ra-core.md',
}
const guides = Object.fromEntries(
  [...names, 'oauth'].map((name) => [name, elsewhere[name] ?? `docs/embed-${name}.md`]),
)

/** test/e2e/embed.chromium.test.ts and oauth.chromium.test.ts run the files; the guides show them. */
describe.each(Object.entries(guides))('the guide of "%s"', (name, page) => {
  const text = readFileSync(root + page, 'utf8')
  const files = readdirSync(`${root}examples/embed/${name}`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`)
  const shown = [...text.matchAll(/^```\w+\n(.*?)^```$/gms)].map(([, code]) => code)

  test('shows every file of its example as it is run', () => {
    for (const file of files) expect(shown, file).toContain(readFileSync(file, 'utf8'))
  })

  test('begins with what to install, and shows nothing else', () => {
    expect(shown[0]).toMatch(/^npm install xstate-session xstate\b.*\n$/)
    // Two have more to tell: a translation, and @xstate/react; the page in React, its prompt, and Keycloak.
    const others = 1 + ({ react: 2, oauth: 5 }[name] ?? 0)
    expect(shown).toHaveLength(files.length + others)
  })

  test('is found from the front page', () => {
    expect(readFileSync(`${root}README.md`, 'utf8')).toContain(`](${page})`)
  })
})

/** test/e2e/oauthReact.chromium.test.ts runs these files; the rest of their folder is Vite's template. */
test.each(['session.ts', 'App.tsx'])('the guide of a page at any provider shows %s as it is run', (file) => {
  const text = readFileSync(`${root}docs/embed-oauth.md`, 'utf8')
  expect(text).toContain(readFileSync(`${root}examples/embed/oauth-react/src/${file}`, 'utf8'))
})
