import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto'
import { defaults, seal as ironSeal, unseal as ironUnseal } from 'iron-webcrypto'
import { seal, unseal } from '../../src/platform/crypto.node.ts'
import { createKeyring } from '../../src/server/keyring.ts'
import { type Case, interleave } from '../lib/interleave.ts'
import type { Report, Row } from '../lib/report.ts'
import { ratio, spreadOf } from '../lib/spread.ts'

const CALLS = 200
const IRON_CALLS = 10
const password = 'a secret of a server, at least 32 characters'
const key = randomFillSync(new Uint8Array(32))
const plain = JSON.stringify({ v: 1, text: 'x'.repeat(2_000 - 18) })

/** What anybody would write who needs no more than a sealed text. */
function bareSeal(text: string): string {
  const nonce = randomFillSync(new Uint8Array(12))
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from('context'))
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  )
}

function bareUnseal(sealed: string): string {
  const all = Buffer.from(sealed, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', key, all.subarray(0, 12))
    .setAAD(Buffer.from('context'))
    .setAuthTag(all.subarray(-16))
  return decipher.update(all.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')
}

/** Microseconds a call. */
async function timed(calls: number, run: () => unknown): Promise<number> {
  const before = performance.now()
  for (let i = 0; i < calls; i++) {
    const result = run()
    if (result instanceof Promise) await result
  }
  return ((performance.now() - before) * 1_000) / calls
}

/** P11: what it costs to seal and to open a session of 2 kB. */
export async function p11(): Promise<Report> {
  const ring = createKeyring([password])
  const ringSealed = await ring.seal(plain, 'context')
  const sealed = seal(key, plain, 'context')
  const bareSealed = bareSeal(plain)
  const ironSealed = await ironSeal(plain, password, defaults)
  const opened = await ring.unseal(ringSealed, 'context')
  const faults = [
    ...('plain' in opened && opened.plain === plain ? [] : ['the keyring does not open what it sealed']),
    ...(unseal(key, bareSealed, 'context') === plain && bareUnseal(sealed) === plain
      ? []
      : ['ours and bare AES-GCM do not open each other']),
    ...((await ironUnseal(ironSealed, password, defaults)) === plain ? [] : ['iron-webcrypto fails']),
  ]

  const both: readonly { what: string; runs: Record<string, () => unknown> }[] = [
    {
      what: 'seal',
      runs: {
        bare: () => bareSeal(plain),
        again: () => bareSeal(plain),
        ours: () => seal(key, plain, 'context'),
        keyring: () => ring.seal(plain, 'context'),
        iron: () => ironSeal(plain, password, defaults),
      },
    },
    {
      what: 'unseal',
      runs: {
        bare: () => bareUnseal(bareSealed),
        again: () => bareUnseal(bareSealed),
        ours: () => unseal(key, sealed, 'context'),
        keyring: () => ring.unseal(ringSealed, 'context'),
        iron: () => ironUnseal(ironSealed, password, defaults),
      },
    },
  ]
  const cases = both.flatMap(({ what, runs }) =>
    Object.entries(runs).map(
      ([name, run]): Case => ({
        name: `${what} ${name}`,
        sample: () => timed(name === 'iron' ? IRON_CALLS : CALLS, run),
      }),
    ),
  )
  const samples = await interleave(cases, { warmups: 10, rounds: 200, limitMs: 30_000 })

  const comparison = { samples, block: 5 }
  const rows = both.flatMap(({ what }): Row[] => {
    const times = (who: string, name: string, base: string): Row => ({
      what,
      who,
      spread: ratio(comparison, `${what} ${name}`, `${what} ${base}`),
      unit: 'times',
    })
    return [
      { ...times('xstate-session over bare AES-GCM', 'ours', 'bare'), goal: 1.2 },
      times('with its keyring', 'keyring', 'bare'),
      times('A/A control', 'again', 'bare'),
      { ...times('keyring over iron-webcrypto', 'keyring', 'iron'), goal: 1 / 20 },
      { what, who: 'keyring', spread: spreadOf(samples.get(`${what} keyring`) ?? []), unit: 'micros' },
      { what, who: 'iron-webcrypto', spread: spreadOf(samples.get(`${what} iron`) ?? []), unit: 'micros' },
    ]
  })
  return { id: 'P11', title: 'seal and open 2 kB on Node', rows, faults }
}
