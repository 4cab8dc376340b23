import type { Time } from './time.ts'

/** What a provider does with a refresh token that comes again. `withinMs`: until then it gives the same successor. */
export type Rotation = 'strict' | 'none' | { readonly withinMs: number }

/** What one login started, as the provider knows it. */
export interface Family {
  readonly id: number
  readonly seat: number
  readonly user: string
  readonly rotation: Rotation
  readonly startedAt: number
  /** The number of the refresh token that is valid; the first is 1. */
  index: number
  rotatedAt: number
  /** How many bearers it gave out. */
  bearers: number
  /** Its user has begun to log out, or to log in anew. */
  isLeaving?: boolean
  /** Why the grant has ended. */
  revoked?: 'reuse' | 'logout' | 'admin'
  /** The last few bearers, the newest first. */
  readonly recent: Bearer[]
}

export interface Bearer {
  readonly family: Family
  readonly number: number
  /** The refresh token that came with it. */
  readonly index: number
  readonly text: string
  readonly mintedAt: number
  /** True time. */
  readonly endsAt: number
}

const REMEMBERED = 8

export interface Grant {
  readonly refreshToken: string
  readonly bearer: Bearer
  readonly isRotated: boolean
}

/** An identity provider: it rotates refresh tokens, and takes a second use of one for theft. */
export function createProvider(time: Time, rotation: Rotation) {
  const families = new Map<string, Family>()
  const bearers = new Map<string, Bearer>()
  const logins = new Map<string, Family>()
  let last = 0

  const nameOf = (family: Family) => `r.${family.id}`
  const tokenOf = (family: Family) => `${nameOf(family)}.${family.index}`

  /** Looks like a JWT, whose claims are in whole seconds. */
  function mint(family: Family, lifeMs: number, wallNow: number): Bearer {
    family.bearers += 1
    const iat = Math.floor(wallNow / 1_000)
    const claims = Buffer.from(JSON.stringify({ iat, exp: iat + Math.floor(lifeMs / 1_000) }))
    const bearer: Bearer = {
      family,
      number: family.bearers,
      index: family.index,
      text: `h.${claims.toString('base64url')}.${family.id}-${family.bearers}`,
      mintedAt: time.now(),
      endsAt: time.now() - (wallNow - iat * 1_000) + Math.floor(lifeMs / 1_000) * 1_000,
    }
    bearers.set(bearer.text, bearer)
    family.recent.unshift(bearer)
    const forgotten = family.recent.splice(REMEMBERED)
    for (const { text } of forgotten) bearers.delete(text)
    return bearer
  }

  /** Whose token this is, and which of them. */
  function find(token: string): { readonly family: Family; readonly index: number } | undefined {
    const at = token.lastIndexOf('.')
    const family = families.get(token.slice(0, at))
    return family && { family, index: Number(token.slice(at + 1)) }
  }

  return {
    login(
      seat: number,
      user: string,
      lifeMs: number,
      wallNow: number,
      name?: string,
    ): Grant & { family: Family } {
      const family: Family = {
        id: ++last,
        seat,
        user,
        rotation,
        startedAt: time.now(),
        index: 1,
        rotatedAt: -Infinity,
        bearers: 0,
        recent: [],
      }
      families.set(nameOf(family), family)
      if (name !== undefined) logins.set(name, family)
      return {
        family,
        refreshToken: tokenOf(family),
        bearer: mint(family, lifeMs, wallNow),
        isRotated: false,
      }
    },
    find,
    /** What the login of this name started. */
    ofLogin: (name: string) => logins.get(name),
    bearer: (text: string): Bearer | undefined => bearers.get(text),
    isGood: (bearer: Bearer) => time.now() < bearer.endsAt,
    /** Spends a token; `undefined`: `invalid_grant`. */
    refresh(token: string, lifeMs: number, wallNow: number): Grant | undefined {
      const found = find(token)
      if (!found) return undefined
      const { family, index } = found
      if (family.revoked) return undefined
      const isNewest = index === family.index
      const isInGrace =
        typeof rotation === 'object' &&
        index === family.index - 1 &&
        time.now() <= family.rotatedAt + rotation.withinMs
      if (!isNewest && !isInGrace) {
        family.revoked = 'reuse'
        return undefined
      }
      const isRotated = isNewest && rotation !== 'none'
      if (isRotated) {
        family.index += 1
        family.rotatedAt = time.now()
      }
      return { refreshToken: tokenOf(family), bearer: mint(family, lifeMs, wallNow), isRotated }
    },
    end(family: Family, why: NonNullable<Family['revoked']>) {
      family.revoked ??= why
    },
    /** Nobody will ask for this grant again. */
    forget(family: Family) {
      families.delete(nameOf(family))
      for (const { text } of family.recent) bearers.delete(text)
    },
  }
}

export type Provider = ReturnType<typeof createProvider>
