import { createIssuer } from '../proof/issuer.ts'
import type * as history from '../proof/judge/history.ts'
import type { Time } from './time.ts'

/** What a provider does with a refresh token that comes again. `withinMs`: until then it gives the same successor. */
export type Rotation = 'strict' | 'none' | { readonly withinMs: number }

/** What one login started, as the provider knows it. */
export interface Family extends history.Family {
  readonly seat: number
  rotatedAt: number
}

export interface Bearer extends history.Bearer {
  readonly family: Family
}

export interface Grant {
  readonly refreshToken: string
  readonly bearer: Bearer
  readonly isRotated: boolean
}

/** An identity provider: it rotates refresh tokens, and takes a second use of one for theft. */
export function createProvider(time: Time, rotation: Rotation) {
  const issuer = createIssuer(time.now)
  const logins = new Map<string, Family>()

  /** Looks like a JWT, whose claims are in whole seconds. */
  function mint(family: Family, lifeMs: number, wallNow: number): Bearer {
    const iat = Math.floor(wallNow / 1_000)
    const seconds = Math.floor(lifeMs / 1_000)
    const claims = Buffer.from(JSON.stringify({ iat, exp: iat + seconds })).toString('base64url')
    const leftMs = (iat + seconds) * 1_000 - wallNow
    return issuer.mint(family, leftMs, (name) => `h.${claims}.${name}`) as Bearer
  }

  /** Whose token this is, and which of them. */
  const find = (token: string) =>
    issuer.token(token) as { readonly family: Family; readonly index: number } | undefined

  return {
    login(
      seat: number,
      user: string,
      lifeMs: number,
      wallNow: number,
      name?: string,
    ): Grant & { family: Family } {
      const family: Family = Object.assign(issuer.add(user), { seat, rotatedAt: -Infinity })
      if (name !== undefined) logins.set(name, family)
      const refreshToken = issuer.tokenOf(family)
      return { family, refreshToken, bearer: mint(family, lifeMs, wallNow), isRotated: false }
    },
    find,
    /** What the login of this name started. */
    ofLogin: (name: string) => logins.get(name),
    bearer: (text: string) => issuer.bearer(text) as Bearer | undefined,
    isGood: (bearer: Bearer) => time.now() < bearer.endsAt,
    /** Spends a token; `undefined`: `invalid_grant`. */
    refresh(token: string, lifeMs: number, wallNow: number): Grant | undefined {
      const found = find(token)
      if (!found) return undefined
      const { family, index } = found
      if (family.endedBy) return undefined
      const isNewest = index === family.index
      const isInGrace =
        typeof rotation === 'object' &&
        index === family.index - 1 &&
        time.now() <= family.rotatedAt + rotation.withinMs
      if (!isNewest && !isInGrace) {
        family.endedBy = 'reuse'
        return undefined
      }
      const isRotated = isNewest && rotation !== 'none'
      if (isRotated) {
        issuer.rotate(family)
        family.rotatedAt = time.now()
      }
      return { refreshToken: issuer.tokenOf(family), bearer: mint(family, lifeMs, wallNow), isRotated }
    },
    end(family: Family, why: NonNullable<Family['endedBy']>) {
      family.endedBy ??= why
    },
  }
}

export type Provider = ReturnType<typeof createProvider>
