/** One project for each seeded bug, whose sources have it as they are loaded; and one without any. */
import { defineConfig } from 'vitest/config'
import { type Patch, patched } from '../patchSources.ts'
import { patchesOf, seenBy } from '../proof/mistakes/mistakes.ts'
import { alias, patience, root } from '../vitest.config.ts'

const bugs = seenBy('tests')

/** The project without a bug. */
export const CONTROL = 'control'

const project = (name: string, files: readonly string[], patches: readonly Patch[]) => ({
  root,
  resolve: { alias },
  plugins: [
    {
      name: 'seeded-bug',
      enforce: 'pre' as const,
      transform: (source: string, id: string) => patched(id, () => source, patches),
    },
  ],
  test: {
    name,
    include: [...files],
    expect: patience,
    setupFiles: [`${root}test/seed.ts`],
    // It would hand one project the sources of another.
    fsModuleCache: false,
    testTimeout: 60_000,
  },
})

export default defineConfig({
  root,
  test: {
    fsModuleCache: false,
    projects: [
      project(CONTROL, [...new Set(bugs.map(({ seen }) => seen.file))], []),
      ...bugs.map(({ name, seen }) => project(name, [seen.file], patchesOf(name, 'tests'))),
    ],
  },
})
