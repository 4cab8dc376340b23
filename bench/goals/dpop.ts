import { generateKeyPair } from 'oauth4webapi'
import { createApiCalls } from '../../src/dpop/apiCalls.ts'
import { createProver } from '../../src/dpop/prover.ts'
import { interleave } from '../lib/interleave.ts'
import type { Report, Row } from '../lib/report.ts'
import { compare } from '../lib/spread.ts'
import { openSession } from '../peers/ours.ts'
import { good, type World } from '../peers/peer.ts'

const CALLS = 200

/** Microseconds a call. */
async function timed(run: () => Promise<unknown>): Promise<number> {
  const before = performance.now()
  for (let i = 0; i < CALLS; i++) await run()
  return ((performance.now() - before) * 1_000) / CALLS
}

/** What a proof costs a call of `session.fetch`, with nothing behind it (RFC 9449). */
export async function dpop(): Promise<Report> {
  const answer = new Response(null, { status: 200 })
  let proofs = 0
  const world: World = {
    baseUrl: 'http://stub.test',
    async send(_, init) {
      if ((init?.headers as Record<string, string>)?.dpop) proofs++
      return answer
    },
    refresh: async () => 'renewed',
  }
  const prover = createProver({ client_id: 'panel' })
  const pair = await generateKeyPair('ES256')
  const key = await prover.keyOf(pair)
  const send = createApiCalls({ make: async () => key, find: async () => key }, prover)
  const plain = openSession(world, good())
  const bound = openSession(world, good(), {
    strategies: {
      bench: { needsRefreshToken: true, refresh: async () => ({ kind: 'unsupported', forGood: true }), send },
    },
  })
  const text = new TextEncoder().encode('x'.repeat(400))
  const sign = () => crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, text)

  const cases = [
    { name: 'bearer', sample: () => timed(() => plain.fetch('/users')) },
    { name: 'bearer again', sample: () => timed(() => plain.fetch('/users')) },
    { name: 'proof', sample: () => timed(() => bound.fetch('/users')) },
    { name: 'sign', sample: () => timed(sign) },
  ]
  const samples = await interleave(cases, { warmups: 5, rounds: 40, limitMs: 20_000 })
  plain.dispose()
  bound.dispose()

  const comparison = { samples, block: 3 }
  const beyond = (what: string, who: string, name: string): Row => ({
    what,
    who,
    spread: compare(comparison, name, 'bearer', (a, b) => a - b),
    unit: 'micros',
  })
  const rows = [
    beyond('beyond a bearer', 'a proof for each call', 'proof'),
    beyond('beyond a bearer', 'limit: the signature alone', 'sign'),
    beyond('beyond a bearer', 'A/A control: a bearer', 'bearer again'),
  ]
  return { id: 'dpop', title: 'a call with a proof', rows, faults: proofs > 0 ? [] : ['no call had a proof'] }
}
