import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from './manifest.ts'

const read = (path: string) => readFileSync(`${root}${path}`, 'utf8')

test('npm shows the links and pictures of README from the repository, which the workflow names before it publishes', () => {
  const steps = read('.github/workflows/publish.yml').split(/^ {6}- /m)
  const at = (part: string) => steps.findIndex((step) => step.includes(part))
  expect(at('npm pkg set repository.type=git')).toBeGreaterThan(-1)
  expect(at('npm publish')).toBeGreaterThan(at('npm pkg set repository.type=git'))
})

test('every picture of README is in the repository, with words for who does not see it', () => {
  const pictures = [...read('README.md').matchAll(/!\[([^\]]*)\]\(([^)]+)\)/g)]
  expect(pictures.length).toBeGreaterThan(1)
  for (const [, words = '', path = ''] of pictures) {
    expect(words.length, path).toBeGreaterThan(20)
    expect(existsSync(`${root}${path}`), path).toBe(true)
  }
})
