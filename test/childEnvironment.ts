import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url))

/**
 * The environment of a process that a test starts: it keeps what it compiles for the next one. Where coverage is counted
 * Vitest forbids that to such processes too, of whom nobody counts any.
 */
export function childEnvironment(): NodeJS.ProcessEnv {
  const { NODE_DISABLE_COMPILE_CACHE: _, ...environment } = process.env
  return { ...environment, NODE_COMPILE_CACHE: folder }
}
