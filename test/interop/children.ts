import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What was downloaded and built; outside of what is committed. */
export const cache = fileURLToPath(new URL('../../node_modules/.cache/interop/', import.meta.url))
mkdirSync(cache, { recursive: true })

/** Whether the machine has a command. */
export const has = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0

/** Runs a command to its end; throws what it said last if it failed. */
export function run(command: string, args: readonly string[], cwd = cache): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 })
  if (status !== 0) throw new Error(`${command} ${args[0]} failed: ${stderr?.slice(-400)}`)
  return stdout
}

/** Starts a server and resolves as soon as `url` answers; rejects with its last words if it ends, or after ten minutes. */
export async function serve(
  command: string,
  args: readonly string[],
  url: string,
  env: NodeJS.ProcessEnv = {},
) {
  const child: ChildProcess = spawn(command, args, {
    cwd: cache,
    env: { ...process.env, ...env },
    detached: true,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text) => {
      said = (said + text).slice(-2_000)
    })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    if (child.exitCode === null && child.pid) process.kill(-child.pid, 'SIGTERM')
    await ended
  }
  for (let tries = 0; tries < 1_200; tries++) {
    if (child.exitCode !== null) throw new Error(`${command} has ended: ${said}`)
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return stop
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  await stop()
  throw new Error(`${command} did not answer: ${said}`)
}
