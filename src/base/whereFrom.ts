import { isDevelopment } from '#development'

/** What to say of a missing value: a variable that nobody has set is undefined, or an empty text. */
export const whereFrom = (value: unknown): string =>
  isDevelopment && (value === undefined || value === '')
    ? ` It is ${value === '' ? 'empty' : 'undefined'}: set the environment variable that it comes from.`
    : ''
