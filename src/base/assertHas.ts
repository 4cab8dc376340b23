import { isDevelopment } from '#development'
import { Misconfigured } from './errors.ts'

/**
 * Refuses a value that lacks one of `methods`: most often the factory itself, in the place of its result. `name` says where
 * the value stands, `what` what it must be.
 */
export function assertHas(value: unknown, methods: readonly string[], name: string, what: string): void {
  if (!isDevelopment) return
  const part = value as Readonly<Record<string, unknown>> | null | undefined
  if (methods.some((method) => typeof part?.[method] !== 'function'))
    throw new Misconfigured(`${name} must be ${what}.`)
}
