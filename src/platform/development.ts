/**
 * Whether options are checked in full. Types and a first run in development find these mistakes, so a page in production
 * does not download the checks.
 */
export const isDevelopment: boolean = true
