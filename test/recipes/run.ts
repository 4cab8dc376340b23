import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export type Environment = Readonly<Record<string, string>>

/** Longer takes no step of a recipe, a first installation included. */
const STEP_MS = 5 * 60_000
const KEPT = 4_000

/** Starts a command in a process group of its own; `output` is the end of what it has written. */
export function begin(command: string, folder: string, environment: Environment = {}) {
  const child = spawn(command, {
    cwd: folder,
    env: {
      ...process.env,
      NODE_ENV: undefined,
      // `npm exec --call` leaves its command there, which `npm create` would run instead of its own.
      npm_config_call: undefined,
      npm_config_yes: 'true',
      NEXT_TELEMETRY_DISABLED: '1',
      ...environment,
    },
    shell: true,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-KEPT)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return { child, output: () => output, stop: () => stop(child) }
}

/** Ends the whole group: a package manager is not what serves. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || !child.pid) return
  const ended = once(child, 'exit')
  process.kill(-child.pid, 'SIGTERM')
  const late = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), 5_000)
  await ended
  clearTimeout(late)
}

/** Runs a command to its end. Rejects with the end of its output. */
export async function run(command: string, folder: string, environment: Environment = {}): Promise<void> {
  const { child, output, stop } = begin(command, folder, environment)
  const late = setTimeout(stop, STEP_MS)
  const [code] = await once(child, 'exit')
  clearTimeout(late)
  if (code !== 0) throw new Error(`"${command}" ended with ${code}:\n${output()}`)
}
