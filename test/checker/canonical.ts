/**
 * One text for a state and for all that it becomes when those who are `alike` change places. `facts`: one a line, in
 * no order.
 */
export function canonical(facts: readonly string[], alike: readonly string[]): string {
  let first: string | undefined
  for (const names of permutations(alike)) {
    const places = new Map(alike.map((name, i) => [name, names[i] ?? name]))
    const text = facts
      .map((fact) => fact.replace(NAME, (name) => places.get(name) ?? name))
      .sort()
      .join('\n')
    if (first === undefined || text < first) first = text
  }
  return first ?? ''
}

const NAME = /[A-Z]\d/g

function permutations(names: readonly string[]): string[][] {
  if (names.length < 2) return [[...names]]
  return names.flatMap((name) =>
    permutations(names.filter((other) => other !== name)).map((rest) => [name, ...rest]),
  )
}
