import type { Bearer, Family } from './judge/history.ts'

export type Issuer = ReturnType<typeof createIssuer>

/**
 * What an identity provider has issued: grants, their refresh tokens and their bearers. How the provider answers is decided
 * by whoever plays it. `now`: true time; milliseconds. `mark`: what every token begins with.
 */
export function createIssuer(now: () => number, mark = '') {
  const families: Family[] = []
  const tokens = new Map<string, { readonly family: Family; readonly index: number }>()
  const bearers = new Map<string, Bearer>()

  /** The refresh token that is valid. */
  function tokenOf(family: Family): string {
    const name = `${mark}r${family.id}-${family.index}`
    tokens.set(name, { family, index: family.index })
    return name
  }

  return {
    families,
    tokenOf,
    /** A grant of its own, without tokens. */
    add(user: string): Family {
      const family: Family = { id: families.length + 1, user, startedAt: now(), index: 1, bearers: [] }
      families.push(family)
      return family
    },
    /** The next refresh token; the one before is spent. */
    rotate(family: Family): string {
      family.index += 1
      return tokenOf(family)
    },
    /** `nameOf`: what the bearer looks like, where that matters. */
    mint(family: Family, lifeMs: number, nameOf: (name: string) => string = (name) => name): Bearer {
      const number = family.bearers.length + 1
      const name = nameOf(`${mark}b${family.id}-${number}`)
      const { index } = family
      const mintedAt = now()
      const endsAt = mintedAt + lifeMs
      const bearer: Bearer = { name, family, number, index, mintedAt, endsAt, isRejected: false }
      family.bearers.push(bearer)
      bearers.set(name, bearer)
      return bearer
    },
    token: (name: string) => tokens.get(name),
    bearer: (name: string): Bearer | undefined => bearers.get(name),
  }
}

/** Which grant a refresh token is of, and which of its tokens it is. */
export function grantOf(token: string | undefined): { readonly id: number; readonly index: number } {
  const [, id, index] = /r(\d+)-(\d+)$/.exec(token ?? '') ?? []
  return { id: Number(id), index: Number(index) }
}
