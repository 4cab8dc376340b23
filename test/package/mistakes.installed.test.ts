import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { manifest, root, subpaths } from './manifest.ts'
import { mistakesOf, type Parts } from './mistakes.ts'

const built = Object.fromEntries(
  await Promise.all(
    subpaths.map(async (subpath) => {
      const name = (subpath.slice(2) || 'index').replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase())
      return [name, (await import(join(root, manifest.exports[subpath] ?? ''))) as object] as const
    }),
  ),
)
const mistakes = Object.entries(mistakesOf(built as unknown as Parts))

/** The table of the page: what is said, where `…` stands for anything, and what to do. */
const rows = Array.from(
  readFileSync(join(root, 'docs/when-it-does-not-work.md'), 'utf8').matchAll(/^\| `` (.+?) `` \| (.+) \|$/gm),
  ([, said = '', mend = '']) => ({ said, mend }),
)
const isSaid = (said: string, message: string) =>
  new RegExp(
    `^${said
      .split('…')
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    's',
  ).test(message)

/** What a developer reads: the error, or what is on the console. */
async function messageOf(make: () => unknown): Promise<string> {
  const lines: string[] = []
  for (const level of ['warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation(
      (...said) => void lines.push(said.map((one) => (one instanceof Error ? one.message : one)).join(' ')),
    )
  try {
    const made = await make()
    await vi.waitFor(() => expect(lines).not.toEqual([]))
    disposed(made)
  } catch (error) {
    const { name, message } = error as Error
    expect(name, `a riddle: ${message}`).toMatch(/^(Misconfigured|LoginRefused)$/)
    return message
  }
  return lines[0] ?? ''
}

afterEach(() => vi.restoreAllMocks())

describe('a typical mistake is told, and the page says what to do', () => {
  const met = new Set<string>()

  test.each(mistakes)('%s', async (_, make) => {
    const message = await messageOf(make)
    const found = rows.filter(({ said }) => isSaid(said, message))
    expect(
      found.map(({ said }) => said),
      message,
    ).toHaveLength(1)
    met.add(found[0]?.said ?? '')
  })

  test('nothing else is on the page', () => {
    expect(rows.filter(({ said }) => !met.has(said)).map(({ said }) => said)).toEqual([])
  })
})

/** What is called with what it works on, thousands of times: it reads that at once. */
const plain = [
  ...['clampDelay', 'deadlinesOf', 'nextDeadline', 'selectSession'],
  ...['describeCoverage', 'instantOf', 'modelKey', 'modelSuite', 'sumCoverage', 'replayTrace'],
  ...['isOwnPath', 'refreshTokenFromCookies'],
  // Options take these as they are: nobody calls them.
  ...['backendLogout', 'userinfo'],
]

test('no factory answers a call without arguments with a riddle', async () => {
  const riddles: string[] = []
  for (const [part, exports] of Object.entries(built))
    for (const [name, factory] of Object.entries(exports)) {
      // Components and hooks want React.
      if (typeof factory !== 'function' || /^[A-Z]|^use[A-Z]/.test(name) || plain.includes(name)) continue
      for (const given of [[], [{}], [{}, {}]]) {
        const error = await Promise.resolve()
          .then(() => (factory as (...given: unknown[]) => unknown)(...given))
          .then(disposed, (error: Error) => error)
        if (error && error.name !== 'Misconfigured')
          riddles.push(`${part}: ${name}(${JSON.stringify(given).slice(1, -1)}): ${error}`)
      }
    }
  expect(riddles).toEqual([])
})

function disposed(made: unknown): undefined {
  const { dispose, close } = (made ?? {}) as { dispose?: () => void; close?: () => void }
  dispose?.()
  close?.()
}
