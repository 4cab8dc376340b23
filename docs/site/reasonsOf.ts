import type { DeclarationReflection } from 'typedoc'
import type { Reference } from './readReference.ts'
import type { ReasonMeanings } from './statePage.ts'

/** Every reason and what it means: the comment above it in the type that lists them. */
export function reasonsOf({ modules }: Reference): ReasonMeanings {
  const entries = modules.flatMap((module) => module.entries)
  return { expired: meaningsOf(entries, 'ExpiredReason'), loggedOut: meaningsOf(entries, 'LoggedOutReason') }
}

function meaningsOf(entries: readonly DeclarationReflection[], name: string): Map<string, string> {
  const type = entries.find((entry) => entry.name === name)?.type
  if (type?.type !== 'union') throw new Error(`${name} is no list of reasons`)
  return new Map(
    type.types.map((member, at) => {
      const reason = member.type === 'literal' ? String(member.value) : ''
      const meaning = type.elementSummaries?.[at]
      if (!meaning?.length) throw new Error(`nothing is said about the reason ${reason}`)
      return [
        reason,
        meaning
          .map(({ text }) => text)
          .join('')
          .replace(/\s*\n\s*/g, ' ')
          .trim(),
      ]
    }),
  )
}
