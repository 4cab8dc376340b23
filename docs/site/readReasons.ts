import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import type { ReasonMeanings } from './statePage.ts'

const file = fileURLToPath(new URL('../../machines/session.types.ts', import.meta.url))

/** Every reason and what it means: the comment above it in the type that lists them. */
export function readReasons(): ReasonMeanings {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  return { expired: meaningsOf(source, 'ExpiredReason'), loggedOut: meaningsOf(source, 'LoggedOutReason') }
}

function meaningsOf(source: ts.SourceFile, name: string): Map<string, string> {
  const type = source.statements
    .filter(ts.isTypeAliasDeclaration)
    .find((alias) => alias.name.text === name)?.type
  if (!type || !ts.isUnionTypeNode(type)) throw new Error(`${name} is no list of reasons`)
  return new Map(
    type.types.map((member) => {
      const reason =
        ts.isLiteralTypeNode(member) && ts.isStringLiteral(member.literal) ? member.literal.text : ''
      // The comment stands before the bar, so it belongs to no node.
      const before = source.text.slice(member.getFullStart() - 200, member.getStart())
      const meaning = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*\|?\s*$/.exec(before)?.[1]
      if (!meaning) throw new Error(`nothing is said about the reason ${reason}`)
      return [reason, meaning.replace(/\s*\n\s*\*\s*/g, ' ').trim()]
    }),
  )
}
