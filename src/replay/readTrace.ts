import * as z from 'zod/mini'
import { nameOf, type Shown } from '../inspect/shown.ts'
import { context, events, state } from '../inspect/vocabulary.ts'
import { notices } from '../recorder/noticeWords.ts'
import type { Trace } from '../session/trace.ts'

/** A recorder keeps far fewer entries. */
const MAX_ENTRIES = 10_000
const SHOWN_PROBLEMS = 5
/** The last instant of a `Date`. */
const LAST_INSTANT = 8.64e15

const instant = z.number().check(z.gte(0), z.lte(LAST_INSTANT))
const stateName = z.custom(state, 'must be one of the states of the chart')

/** The same table decides what is recorded and what is read. `isPartial`: any field may be missing. */
function objectOf(table: Shown, more: z.core.$ZodShape = {}, isPartial = false): z.ZodMiniType {
  const fields = Object.entries(table).map(([entry, check]): [string, z.core.$ZodType] => {
    const isOptional = isPartial || entry.endsWith('?')
    if (typeof check === 'function') {
      const value = z.custom(check, 'is not what a recorder writes there')
      return [nameOf(entry), isOptional ? z.optional(value) : value]
    }
    const value = objectOf(check)
    return [nameOf(entry), isOptional ? z.optional(z.nullable(value)) : value]
  })
  return z.strictObject({ ...Object.fromEntries(fields), ...more })
}

const byType = (tables: Readonly<Record<string, Shown>>, more: z.core.$ZodShape) =>
  new Map(
    Object.entries(tables).map(([type, table]) => [type, objectOf(table, { type: z.string(), ...more })]),
  )

const startSchema = z.strictObject({
  state: stateName,
  context: objectOf(context, { user: z.optional(z.literal(true)) }, true),
})
const eventSchemas = byType(events, { at: instant })
const noticeSchemas = byType(notices, {})
const frame = z.strictObject({
  format: z.literal('xstate-session trace'),
  version: z.literal(1),
  dropped: z.number().check(z.gte(0)),
  entries: z.array(z.unknown()).check(z.maxLength(MAX_ENTRIES)),
  end: z.optional(startSchema),
})

/** Reads a recorder's trace from its JSON. Throws a `TypeError` that says what is wrong and where, without a value. */
export function readTrace(value: unknown): Trace {
  const problems = problemsOf(frame, value, '')
  const { entries } = (value ?? {}) as { entries?: unknown }
  if (problems.length === 0)
    for (const [at, entry] of (entries as unknown[]).entries()) {
      problems.push(...problemsOfEntry(entry, `entries[${at}]`))
      if (problems.length > SHOWN_PROBLEMS) break
    }
  if (problems.length === 0) return value as Trace
  const shown = problems.slice(0, SHOWN_PROBLEMS).map((problem) => `\n  ${problem}`)
  throw new TypeError(
    `no trace that \`createRecorder\` of this version wrote:${shown.join('')}${problems.length > SHOWN_PROBLEMS ? '\n  …' : ''}`,
  )
}

function problemsOfEntry(entry: unknown, path: string): string[] {
  const { start, event, notice } = (typeof entry === 'object' && entry ? entry : {}) as Record<
    string,
    unknown
  >
  if (start !== undefined) return problemsOf(z.strictObject({ start: startSchema }), entry, path)
  const [name, what, schemas] =
    event === undefined
      ? (['notice', notice, noticeSchemas] as const)
      : (['event', event, eventSchemas] as const)
  if (what === undefined) return [`${path}: must have a "start", an "event" or a "notice"`]
  const { type } = (what ?? {}) as { type?: unknown }
  const schema = typeof type === 'string' ? schemas.get(type) : undefined
  if (!schema) return [`${path}.${name}.type: this version knows no such ${name}`]
  const whole =
    name === 'event'
      ? z.strictObject({ event: schema, state: stateName })
      : z.strictObject({ at: instant, notice: schema })
  return problemsOf(whole, entry, path)
}

function problemsOf(schema: z.ZodMiniType, value: unknown, path: string): string[] {
  const { error } = schema.safeParse(value)
  return (error?.issues ?? []).map((issue) => {
    const where = issue.path.reduce<string>((text, step) => `${text}${text && '.'}${String(step)}`, path)
    return `${where || 'the whole'}: ${wordsOf(issue as unknown as Readonly<Record<string, unknown>>)}`
  })
}

/** The message quotes no value, because it may be a secret. */
function wordsOf(issue: Readonly<Record<string, unknown>>): string {
  const { code, message, expected, values, minimum, maximum } = issue
  switch (code) {
    case 'invalid_type':
      return `must be of the type ${String(expected)}`
    case 'invalid_value':
      return `must be ${(values as unknown[]).map((one) => JSON.stringify(one)).join(' or ')}`
    case 'unrecognized_keys':
      return 'has fields that no recorder writes'
    case 'too_small':
      return `must be at least ${String(minimum)}`
    case 'too_big':
      return `must be at most ${String(maximum)}`
    default:
      return String(message)
  }
}
