import { expect, test } from 'vitest'
import { type LifetimeOptions, lifeOf } from '../../src/session/lifetime.ts'
import type { LifeHints } from '../../src/session/strategy.ts'

const NOW = Date.UTC(2026, 0, 1)
const SECOND = 1_000
const DAY = 86_400 * SECOND
/** What the claims of `jwt()` say. */
const SPAN = 900 * SECOND
const LIFETIME = 111 * SECOND
const MAX = 20 * DAY

/** Its payload has `-` and `_` in base64url. */
const jwt = (claims: object = { iat: 1_000, exp: 1_900 }) =>
  `e30.${Buffer.from(JSON.stringify({ ...claims, x: '???>>>' })).toString('base64url')}.sig`

interface Row extends Partial<LifetimeOptions> {
  readonly bearer?: string
  readonly mintedNow?: boolean
}

function life(hints: LifeHints, { bearer = 'opaque', mintedNow = false, ...options }: Row = {}) {
  const warnings: string[] = []
  const all = { expiresAtUnit: 'auto', lifetimeMs: LIFETIME, maxLifetimeMs: MAX, ...options } as const
  return [lifeOf(bearer, hints, NOW, mintedNow, all, (code) => warnings.push(code)), ...warnings]
}

const iso = '2026-01-01T00:10:00Z'

test.each<[string, LifeHints, Row, (number | string)[]]>([
  ['nothing', {}, {}, [LIFETIME]],
  ['milliseconds', { expiresAt: NOW + 600_000 }, {}, [600_000]],
  ['seconds, which nobody named', { expiresAt: NOW / 1_000 + 600 }, {}, [600_000, 'unit']],
  ['the first number that is milliseconds', { expiresAt: 1e11 }, {}, [1e11 - NOW]],
  ['the beginning of time', { expiresAt: 0 }, {}, [-NOW, 'unit']],
  ['before time began', { expiresAt: -1 }, {}, [LIFETIME]],
  ['no number', { expiresAt: NaN }, {}, [LIFETIME]],
  ['never', { expiresAt: Infinity }, {}, [LIFETIME]],
  ['a text', { expiresAt: `${NOW + 600_000}` as never }, {}, [LIFETIME]],
  ['few milliseconds, by name', { expiresAt: 5e10 }, { expiresAtUnit: 'ms' }, [5e10 - NOW]],
  ['seconds, by name', { expiresAt: NOW / 1_000 + 600 }, { expiresAtUnit: 'seconds' }, [600_000]],
  ['many seconds, by name', { expiresAt: 2e11 }, { expiresAtUnit: 'seconds' }, [MAX]],
  ['ISO 8601', { expiresAt: iso as never }, { expiresAtUnit: 'iso' }, [600_000]],
  [
    'ISO 8601 with an offset',
    { expiresAt: '2026-01-01T01:10:00+01:00' as never },
    { expiresAtUnit: 'iso' },
    [600_000],
  ],
  [
    'ISO 8601 with a fraction',
    { expiresAt: '2026-01-01T00:10:00.125Z' as never },
    { expiresAtUnit: 'iso' },
    [600_125],
  ],
  ['ISO 8601 without a zone', { expiresAt: iso.slice(0, -1) as never }, { expiresAtUnit: 'iso' }, [LIFETIME]],
  ['something before it', { expiresAt: `+00${iso}` as never }, { expiresAtUnit: 'iso' }, [LIFETIME]],
  ['something after it', { expiresAt: `${iso} (UTC)` as never }, { expiresAtUnit: 'iso' }, [LIFETIME]],
  ['a list with it', { expiresAt: [iso] as never }, { expiresAtUnit: 'iso' }, [LIFETIME]],
  ['a number in place of it', { expiresAt: NOW + 600_000 }, { expiresAtUnit: 'iso' }, [LIFETIME]],
  ['expires_in', { expiresIn: 600 }, {}, [600_000]],
  ['expires_in that is no number', { expiresIn: '600' as never }, {}, [LIFETIME]],
  ['both: the instant counts', { expiresAt: NOW + 600_000, expiresIn: 60 }, {}, [600_000]],
  ['more than is permitted', { expiresIn: 10 * MAX }, {}, [MAX]],
  ['claims', {}, { bearer: jwt() }, [SPAN]],
  ['claims, which are exact', { expiresIn: 901 }, { bearer: jwt() }, [SPAN]],
  ['claims that are longer', { expiresIn: 600 }, { bearer: jwt() }, [600_000]],
  ['claims without `iat`', {}, { bearer: jwt({ exp: 1_900 }) }, [LIFETIME]],
  ['claims as texts: `exp`', {}, { bearer: jwt({ iat: 1_000, exp: '1900' }) }, [LIFETIME]],
  ['claims as texts: `iat`', {}, { bearer: jwt({ iat: '1000', exp: 1_900 }) }, [LIFETIME]],
  [
    'claims that span nothing',
    { expiresAt: NOW + 600_000 },
    { bearer: jwt({ iat: 5, exp: 5 }), mintedNow: true },
    [600_000],
  ],
  [
    'claims that end before they begin',
    { expiresAt: NOW + 600_000 },
    { bearer: jwt({ iat: 6, exp: 5 }), mintedNow: true },
    [600_000],
  ],
])('how long a bearer lives: %s', (_, hints, row, expected) => {
  expect(life(hints, row)).toEqual(expected)
})

test.each<[string, number | undefined, boolean, number, number]>([
  ["the server's clock counts, not ours", NOW - 3_600_000, true, NOW - 3_000_000, 600_000],
  ['also where it is a day off', NOW - DAY, true, NOW - DAY + 600_000, 600_000],
  ['and ours where it is further off', NOW - DAY - 1, false, NOW + 600_000, 600_000],
  ['without it, an answer of now lives as long as its claims say', undefined, true, NOW + 100_000, SPAN],
  ['and with one that is further off, too', NOW + 2 * DAY, true, NOW + 100_000, SPAN],
  ['an older one what our clock says', undefined, false, NOW + 100_000, 100_000],
  ['but it is not over on arrival', undefined, false, NOW, SPAN],
  ['nor before', undefined, false, NOW - 100_000, SPAN],
  ['unless the server says so', NOW, false, NOW - 100_000, -100_000],
  ['nor does it outlive its claims', undefined, false, NOW + 1_000_000, SPAN],
  ['at the beginning of time neither', undefined, false, 0, SPAN],
])('whose clock: %s', (_, serverNow, mintedNow, expiresAt, expected) => {
  const hints = { expiresAt, ...(serverNow !== undefined && { serverNow }) }
  const [found] = life(hints, { bearer: jwt(), mintedNow })
  expect(found).toBe(expected)
})
