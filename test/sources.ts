/** For processes that tests start: the sources, also for what the package imports by its own names. */
import { registerHooks } from 'node:module'

const sources: Readonly<Record<string, string>> = {
  '#browser': '../src/platform/elsewhere.ts',
  '#crypto': '../src/platform/crypto.node.ts',
  '#development': '../src/platform/development.ts',
  '#forward': '../src/platform/forward.node.ts',
  '#transport': '../src/platform/transport.node.ts',
}

registerHooks({
  resolve: (specifier, context, next) =>
    next(sources[specifier] ? new URL(sources[specifier], import.meta.url).href : specifier, context),
})
