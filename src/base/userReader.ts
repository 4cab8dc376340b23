import { isDevelopment } from '#development'
import type { UserDocument, UserIdentity } from '../../machines/session.types.ts'
import { InvalidAnswer, Misconfigured } from './errors.ts'
import { documentOf, readUser } from './readUser.ts'
import type { StandardSchemaV1 } from './standardSchema.ts'

/** The schema of a panel's users: any Standard Schema whose users have an `id`. */
export type UserSchema<User extends UserIdentity = UserIdentity> = StandardSchemaV1<unknown, User>

/** Reads users: the stored form, and the form that a panel sees. */
export interface UserReader {
  /** The stored form of a backend's user; `undefined` if there is no id. */
  keep(value: unknown): UserDocument | undefined
  /**
   * The form that a panel sees of a document. Throws `InvalidAnswer` if it does not match the schema, and
   * `Misconfigured` for a schema that returns a Promise.
   */
  read(document: UserDocument): UserIdentity
}

const knownFields: UserReader = { keep: readUser, read: (document) => readUser(document) ?? document }

/**
 * Without a schema the known fields are stored and shown. With a schema the whole document is stored as JSON, so that
 * the schema of a later release also finds fields that today's schema leaves out.
 */
export function userReader(schema: UserSchema | undefined): UserReader {
  if (schema === undefined) return knownFields
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
        // A schema that throws has found no user.
      }
      if (found instanceof Promise) {
        found.catch(() => {})
        throw new Misconfigured(
          `Option "user" answered with a Promise${isDevelopment ? ': it must be a synchronous schema' : ''}.`,
        )
      }
      if (!found?.issues && found?.value?.id === document.id) return found.value
      // The schema's message may quote the value.
      const paths = found?.issues?.map(({ path }) => path?.map(nameOf).join('.'))
      throw new InvalidAnswer(`The "user" does not fit the schema at: ${paths ?? 'id'}.`)
    },
  }
}

const nameOf = (step: PropertyKey | StandardSchemaV1.PathSegment) =>
  typeof step === 'object' ? step.key : step
