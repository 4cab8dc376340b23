import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const page = read('../../docs/testing.md')

test.each(['adminPanel.test.tsx', 'panel.tsx'])('the page shows %s as it runs here', (file) => {
  expect(page).toContain(
    `\`\`\`tsx\n${file.includes('.test.') ? `// ${file}\n` : ''}${read(`embedder/${file}`)}\`\`\``,
  )
})

test('the suite of an embedder takes fewer than fifteen lines', () => {
  const lines = read('embedder/adminPanel.test.tsx')
    .split('\n')
    .filter((line) => line.trim() && !line.startsWith('//'))
  expect(lines.length).toBeLessThan(15)
})

test('the random walks of the page are those of which it is tested what they find', () => {
  const [, walks = 'none'] = /const walks = (.*)/.exec(read('../testing/mockHandlers.test.ts')) ?? []
  expect(page).toContain(`const walks = ${walks}\n`)
})
