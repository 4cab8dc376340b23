const STATES = ['loggedOut', 'active', 'nearingExpiry', 'refreshing', 'retrying', 'expired']

/** The published table, as `from to` (I17). */
export const EDGES: ReadonlySet<string> = new Set([
  ...STATES.flatMap((from) => [
    `${from} active`,
    `${from} loggedOut`,
    ...(from === 'loggedOut' ? [] : [`${from} expired`]),
    `${from} retrying`,
  ]),
  'active nearingExpiry',
  'active refreshing',
  'nearingExpiry refreshing',
  'refreshing nearingExpiry',
  'retrying refreshing',
])

/** The same, without those that stay, as people read them. */
export const MOVES: readonly string[] = [...EDGES]
  .map((edge) => edge.split(' '))
  .filter(([from, to]) => from !== to)
  .map(([from, to]) => `${from} → ${to}`)
