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
      const source = patched(url, () => String(loaded.source), patches)
      return source === undefined ? loaded : { ...loaded, source }
    },
  })
}

/**
 * What the patches make of the source at `path`; `undefined` where none is for it. Throws where one finds no place:
 * the code has changed, and the patch has to follow.
 */
export function patched(path: string, source: () => string, patches: readonly Patch[]): string | undefined {
  const own = patches.filter(({ file }) => path.endsWith(`/${file}`))
  if (own.length === 0) return undefined
  let result = source()
  for (const { file, find, put } of own) {
    if (!result.includes(find)) throw new Error(`${file} has changed: a seeded bug finds no place in it.`)
    result = result.replace(find, () => put)
  }
  return result
}
