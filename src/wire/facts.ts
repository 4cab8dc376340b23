import * as z from 'zod/mini'
import type { SessionUser } from '../../machines/session.types.ts'
import type { KeptFacts } from '../strategies/strategy.ts'
import { toUser, userSchema } from './schemas.ts'

/** What a page may know of the session that its server keeps, as the server answers it. */
export interface BffFacts {
  /** Who is logged in. */
  readonly user: SessionUser
  /** The public name of the login: a call says by it which login it is for. */
  readonly login?: string
  /** Tells one login from another. */
  readonly epoch: number
  /** Counts the renewals of that login at the server. */
  readonly version: number
  /** When the bearer ends, by the server's clock; milliseconds since the Unix epoch. Absent: unknown. */
  readonly expiresAt?: number
  /** The server's clock at the answer; milliseconds since the Unix epoch. */
  readonly serverNow: number
}

const schema = z.object({
  user: userSchema,
  login: z.optional(z.string()),
  epoch: z.int(),
  version: z.int(),
  expiresAt: z.optional(z.number()),
  serverNow: z.number(),
})

/** The facts of an answer; `undefined` for anything else. Only known keys go on. */
export function readFacts(value: unknown): KeptFacts | undefined {
  const { data } = schema.safeParse(value)
  const user = toUser(data?.user)
  if (!data || !user) return undefined
  const { login, epoch, version, expiresAt, serverNow } = data
  // As a span: the page's clock may be wrong.
  const life = expiresAt === undefined ? {} : { expiresIn: (expiresAt - serverNow) / 1000 }
  return { ...(login !== undefined && { login }), epoch, version, user, life }
}
