const Z = 1.96

/**
 * Between which shares, with a confidence of 95 %, the share of a whole is of which a random sample has `good` of
 * `tried` (Wilson's score interval; 0 to 1).
 */
export function interval(good: number, tried: number): readonly [from: number, to: number] {
  if (tried === 0) return [0, 1]
  const share = good / tried
  const scale = 1 + Z ** 2 / tried
  const middle = (share + Z ** 2 / (2 * tried)) / scale
  const half = (Z / scale) * Math.sqrt((share * (1 - share)) / tried + Z ** 2 / (4 * tried ** 2))
  return [Math.max(0, middle - half), Math.min(1, middle + half)]
}
