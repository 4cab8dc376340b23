import { createHmac, hash } from 'node:crypto'
import { deriveKey, mac } from '../../src/platform/crypto.node.ts'
import { mac as webMac } from '../../src/platform/crypto.ts'
import { type Case, interleave } from '../lib/interleave.ts'
import type { Report, Row } from '../lib/report.ts'
import { spreadOf } from '../lib/spread.ts'

const CALLS = 2_000
const WEB_CALLS = 50
const token = 'eyJhbGciOi'.repeat(103).slice(0, 1_024)

/** P12: the key of a flight or a session, out of a token of 1 kB. */
export async function p12(): Promise<Report> {
  const key = deriveKey('a secret of a server, at least 32 characters', 'key')
  const expected = createHmac('sha256', key).update(token).digest('base64url')
  const faults =
    mac(key, token) === expected && (await webMac(key, token)) === expected
      ? []
      : ['the MAC is not HMAC-SHA-256']

  const sync = (name: string, run: () => string): Case => ({
    name,
    sample() {
      const before = performance.now()
      for (let i = 0; i < CALLS; i++) run()
      return ((performance.now() - before) * 1_000) / CALLS
    },
  })
  const cases: Case[] = [
    sync('xstate-session', () => mac(key, token)),
    sync('xstate-session again (A/A)', () => mac(key, token)),
    sync('createHmac', () => createHmac('sha256', key).update(token).digest('base64url')),
    sync('one-shot hash without a key', () => hash('sha256', token, 'base64url')),
    {
      name: 'awaited WebCrypto HMAC',
      async sample() {
        const before = performance.now()
        for (let i = 0; i < WEB_CALLS; i++) await webMac(key, token)
        return ((performance.now() - before) * 1_000) / WEB_CALLS
      },
    },
  ]
  const samples = await interleave(cases, { warmups: 20, rounds: 200, limitMs: 15_000 })
  const rows = cases.map(
    ({ name }, i): Row => ({
      what: 'MAC of 1 kB',
      who: name,
      spread: spreadOf(samples.get(name) ?? []),
      unit: 'micros',
      ...(i === 0 && { goal: 2 }),
    }),
  )
  return { id: 'P12', title: 'the key of a token on Node', rows, faults }
}
