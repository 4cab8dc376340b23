import { Misconfigured } from './errors.ts'
import { refuseMisspelt } from './refuseMisspelt.ts'

const isList = (value: unknown) => Array.isArray(value) && value.every((one) => typeof one === 'string')

/** What a value may be. A variable of the environment is a text, also "false" and "60000". */
const kinds = {
  'a function': (value: unknown) => typeof value === 'function',
  'true or false': (value: unknown) => typeof value === 'boolean',
  'a number': (value: unknown) => typeof value === 'number',
  'a text': (value: unknown) => typeof value === 'string',
  'a list of texts': isList,
  'a list of methods, such as ["GET", "POST"]; leave it out to permit all': (value: unknown) =>
    isList(value) && (value as string[]).every((method) => /^[a-z-]+$/i.test(method)),
  'a clock: an object with "wall", "monotonic" and "setTimer"': (value: unknown) =>
    isObject(value) &&
    ['wall', 'monotonic', 'setTimer'].every(
      (method) => typeof (value as Readonly<Record<string, unknown>>)[method] === 'function',
    ),
  /** Who reads it checks it. */
  checked: () => true,
} as const

export type Kind = keyof typeof kinds

/**
 * Refuses options of another kind than `table` has, and misspelt names: they would act as another value without a word.
 * `where` says what holds them.
 */
export function checkKinds(given: object, table: Readonly<Record<string, Kind>>, where = ''): void {
  if (!isObject(given)) throw new Misconfigured(`Option "${where}" must be an object.`)
  const before = where && `${where}.`
  refuseMisspelt(given, Object.keys(table), before)
  for (const [name, kind] of Object.entries(table)) {
    const value = (given as Readonly<Record<string, unknown>>)[name]
    if (value !== undefined && !kinds[kind](value))
      throw new Misconfigured(`Option "${before}${name}" must be ${kind}; it is ${sortOf(value)}.`)
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

const sortOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list of something else'
      : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
