import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { manifest, root } from './manifest.ts'

/** Everything outside this package that the built file `entry` reaches, through as many files as it takes. */
function reached(entry: string): string[] {
  const outside = new Set<string>()
  const seen = new Set<string>()
  function visit(file: string): void {
    if (seen.has(file)) return
    seen.add(file)
    for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles) {
      if (!fileName.startsWith('.')) outside.add(fileName)
      else visit(join(dirname(file), file.endsWith('.d.ts') ? fileName.replace(/\.js$/, '.d.ts') : fileName))
    }
  }
  visit(join(root, entry))
  return [...outside].sort()
}

const typesOf = (entry: string) => entry.replace(/\.js$/, '.d.ts')

// No React, no Redis, no MSW and no zod in what a page starts with.
test.each([
  ['.', ['#browser', '#development', 'xstate'], ['xstate']],
  ['./bff', ['#browser', '#development', 'xstate'], ['xstate']],
  ['./browser', ['#development'], []],
  ['./dpop', ['#browser', '#development', '#transport', 'oauth4webapi'], ['oauth4webapi']],
  ['./inspect', ['#development', 'xstate'], ['xstate']],
  // The types of a session, which logins begin, name its actor.
  ['./librechat', ['#browser', '#development', '#transport'], ['xstate']],
  ['./librechat-login', ['#browser', '#development', '#transport', 'zod/mini'], []],
  ['./machine', ['xstate'], ['xstate']],
  ['./msw', ['msw'], ['msw', 'xstate']],
  // So here.
  ['./oauth', ['#browser', '#development', '#transport', 'oauth4webapi'], ['oauth4webapi', 'xstate']],
  ['./oauth-login', ['#browser', '#development', '#transport', 'oauth4webapi'], ['oauth4webapi']],
  ['./opentelemetry', ['@opentelemetry/api'], []],
  ['./schemas', ['zod/mini'], ['zod/mini']],
  ['./server', ['#browser', '#crypto', '#development', '#forward', 'xstate', 'zod/mini'], ['xstate']],
  [
    './node',
    ['#development', 'node:http', 'node:stream', 'node:stream/promises', 'node:timers/promises'],
    ['node:http', 'node:stream'],
  ],
  ['./backchannel', ['#browser', '#development', '#transport', 'jose'], ['jose']],
  ['./recorder', ['#development', 'xstate'], []],
  ['./postgres', ['#crypto', '#development'], []],
  ['./redis', ['#crypto', '#development'], []],
  ['./react', ['#development', 'react'], ['react', 'xstate']],
  ['./react-admin', ['#development'], ['xstate']],
  // The types of logins name what a provider answers.
  ['./react-logins', ['#development', 'react'], ['oauth4webapi', 'react', 'xstate']],
  ['./refine', ['#development'], ['xstate']],
  ['./refresher', ['#browser', '#development', 'xstate'], []],
  ['./tanstack-query', ['#development'], ['xstate']],
  ['./tanstack-router', ['#development'], ['xstate']],
  ['./sqlite', ['#development', 'node:fs', 'node:sqlite'], []],
  ['./testing', ['#browser', '#development', '#transport', 'xstate', 'zod/mini'], ['xstate']],
])('%s reaches %j, and its types %j', (subpath, packages, packagesOfTypes) => {
  const entry = manifest.exports[subpath] ?? ''
  expect(reached(entry)).toEqual(packages)
  expect(reached(typesOf(entry))).toEqual(packagesOfTypes)
})

test('the transport of a page reaches nothing, the one of Node only Node', () => {
  expect(reached('dist/transport.js')).toEqual([])
  expect(reached('dist/transport.node.js').filter((name) => !name.startsWith('node:'))).toEqual([])
})

test('what renders in a page says so, and what does not may be used by a server component', () => {
  const files = readdirSync(join(root, 'dist/react')).filter((file) => file.endsWith('.js'))
  const without = files.filter(
    (file) => !readFileSync(join(root, 'dist/react', file), 'utf8').startsWith('"use client"'),
  )
  expect(without.sort()).toEqual(['accountOf.js', 'countdown.js', 'reasonTexts.js'])
})

test('every subpath is walked', () => {
  expect(Object.keys(manifest.exports)).toEqual([
    '.',
    './backchannel',
    './bff',
    './browser',
    './dpop',
    './inspect',
    './librechat',
    './librechat-login',
    './machine',
    './msw',
    './node',
    './oauth',
    './oauth-login',
    './opentelemetry',
    './postgres',
    './react',
    './react-admin',
    './react-logins',
    './recorder',
    './redis',
    './refine',
    './refresher',
    './schemas',
    './server',
    './sqlite',
    './tanstack-query',
    './tanstack-router',
    './testing',
    './package.json',
  ])
})
