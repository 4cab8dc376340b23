import { base64url } from './base64url.ts'

/** The form of a `randomId`: a text of another form is not looked up. */
export const RANDOM_ID = /^[\w-]{43}$/

/** 256 random bits in base64url, 43 characters. */
export const randomId = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)))
