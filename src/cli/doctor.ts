import { parseArgs } from 'node:util'
import { examine } from '../doctor/examine.ts'

/** Examines a deployment from outside. */
export const doctor = {
  usage: 'https://admin.example.com [--path session/] [--callback path]… [--json]',
  about:
    'Examines a deployment from outside, and says what is wrong and how to correct it. Exit code 1: something is wrong.',
  async run(args: readonly string[]): Promise<number> {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        path: { type: 'string' },
        callback: { type: 'string', multiple: true },
        json: { type: 'boolean' },
      },
    })
    const [address, ...more] = positionals
    if (address === undefined || more.length > 0)
      throw new Error(`usage: xstate-session doctor ${doctor.usage}`)
    const { path, callback: callbacks, json } = values
    const findings = await examine(address, { ...(path && { path }), ...(callbacks && { callbacks }) })
    if (json) console.log(JSON.stringify(findings, undefined, 2))
    else
      for (const { state, check, message } of findings)
        console.log(`${state.padEnd(9)}${check.padEnd(17)}${message}`)
    return findings.some(({ state }) => state === 'wrong') ? 1 : 0
  },
}
