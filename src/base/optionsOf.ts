import { isDevelopment } from '#development'
import { Misconfigured } from './errors.ts'

/**
 * The `options` of `factory`, before it reads the first of them. Refuses nothing at all, a text, and what a factory gets that
 * somebody passed on without a call.
 */
export function optionsOf<Options extends object>(factory: string, options: Options): Options {
  if (isDevelopment && (typeof options !== 'object' || options === null))
    throw new Misconfigured(
      typeof options === 'function'
        ? `${factory}: call it, and give what it returns: ${factory}().`
        : `${factory}: the options are missing: call it with an object, ${factory}({ … }).`,
    )
  return options
}
