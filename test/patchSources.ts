import { registerHooks } from 'node:module'

/** A mistake: the first `find` in a file becomes `put`. */
export interface Patch {
  /** From the root of the package. */
  readonly file: string
  readonly find: string
  readonly put: string
}

/** Changes sources as this process loads them. Call it before they are imported. */
export function patchSources(patches: readonly Patch[]): void {
  if (patches.length === 0) return
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      const own = patches.filter(({ file }) => url.endsWith(`/${file}`))
      if (own.length === 0) return loaded
      let source = String(loaded.source)
      for (const { file, find, put } of own) {
        if (!source.includes(find)) throw new Error(`${file} has changed: a seeded bug finds no place in it.`)
        source = source.replace(find, () => put)
      }
      return { ...loaded, source }
    },
  })
}
