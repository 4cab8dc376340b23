/** For samples of the pages that run as processes: the package by its own names, from its sources. */
import { registerHooks } from 'node:module'

const own: Readonly<Record<string, string>> = {
  '#forward': '../../src/platform/forward.node.ts',
  '#crypto': '../../src/platform/crypto.node.ts',
  '#transport': '../../src/platform/transport.node.ts',
  '#browser': '../../src/platform/elsewhere.ts',
  '#development': '../../src/platform/development.ts',
}

registerHooks({
  resolve(specifier, context, next) {
    const [, name] = /^xstate-session(?:\/([\w-]+))?$/.exec(specifier) ?? []
    const isPackage = /^xstate-session(\/|$)/.test(specifier)
    const file = isPackage ? `../../src/exports/${name ?? 'index'}.ts` : own[specifier]
    return next(file ? new URL(file, import.meta.url).href : specifier, context)
  },
})
