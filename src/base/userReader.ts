import { isDevelopment } from '#development'
import type { UserDocument, UserIdentity } from '../../machines/session.types.ts'
import { InvalidAnswer, Misconfigured } from './errors.ts'
import { documentOf, readUser } from './readUser.ts'
import type { StandardSchemaV1 } from './standardSchema.ts'

/** What reads the users of a panel: any Standard Schema whose users have an `id`. */
export type UserSchema<User extends UserIdentity = UserIdentity> = StandardSchemaV1<unknown, User>

/** The one reading of users: what of a user is kept, and what a panel sees of that. */
export interface UserReader {
  /** What is kept of a user as the backend tells it; `undefined` where there is no id. */
  keep(value: unknown): UserDocument | undefined
  /**
   * What a panel sees of a document. Throws `InvalidAnswer` for one that misfits the schema, and `Misconfigured` for a
   * schema that answers with a Promise.
   */
  read(document: UserDocument): UserIdentity
}

/**
 * Without a schema the known fields are kept and seen. With one the whole document is kept as JSON, so that a schema of a
 * later release finds in it what the one of today leaves out.
 */
export function userReader(schema: UserSchema | undefined): UserReader {
  if (schema === undefined) return { keep: readUser, read: (document) => readUser(document) ?? document }
  const standard = schema?.['~standard']
  if (isDevelopment && !standard?.validate)
    throw new Misconfigured('Option "user" must be a Standard Schema.')
  return {
    keep: (value) => documentOf(JSON.parse(JSON.stringify(value ?? null))),
    read(document) {
      let found: ReturnType<typeof standard.validate> | undefined
      try {
        found = standard.validate(document)
      } catch {
        // A schema that fails has found no user.
      }
      if (found instanceof Promise) {
        found.catch(() => {})
        throw new Misconfigured('Option "user" must be a synchronous schema: it answered with a Promise.')
      }
      if (!found?.issues && found?.value?.id === document.id) return found.value
      // What the schema says of a value may quote it.
      const paths = found?.issues?.map(({ path }) => path?.map(nameOf).join('.'))
      throw new InvalidAnswer(`The "user" does not fit the schema at: ${paths ?? 'id'}.`)
    },
  }
}

const nameOf = (step: PropertyKey | StandardSchemaV1.PathSegment) =>
  typeof step === 'object' ? step.key : step
