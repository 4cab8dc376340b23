import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Noticed, Stall, Stored } from './history.ts'

export interface Fleet {
  readonly size: number
  readonly stored: readonly Stored[]
  readonly stalls: readonly Stall[]
  readonly notices: readonly Noticed[]
  /** Where process `i` listens; `undefined` while it is down. */
  url(i: number): string | undefined
  signal(i: number, signal: 'SIGSTOP' | 'SIGCONT'): void
  kill(i: number): Promise<void>
  start(i: number, offsetMs?: number): Promise<void>
  close(): void
}

/** What a process tells. */
interface Message {
  readonly port?: number
  readonly stored?: Stored
  readonly stall?: Omit<Stall, 'process'>
  readonly notice?: Omit<Noticed, 'process'>
}

/** The processes under test: started, killed and started again. */
export function createFleet(size: number, envOf: (i: number) => Promise<Record<string, string>>): Fleet {
  const file = fileURLToPath(new URL('bff.ts', import.meta.url))
  const hooks = ['../sources.ts', 'seedMistake.ts'].flatMap((name) => [
    '--import',
    fileURLToPath(new URL(name, import.meta.url)),
  ])
  const children: (ChildProcess | undefined)[] = []
  const urls: (string | undefined)[] = []
  const stored: Stored[] = []
  const stalls: Stall[] = []
  const notices: Noticed[] = []
  return {
    size,
    stored,
    stalls,
    notices,
    url: (i) => urls[i],
    signal: (i, signal) => void children[i]?.kill(signal),
    async kill(i) {
      urls[i] = undefined
      const child = children[i]
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    async start(i, offsetMs = 0) {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...hooks, file], {
        env: { ...process.env, ...(await envOf(i)), OFFSET_MS: `${offsetMs}` },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      children[i] = child
      await new Promise<void>((resolve, reject) => {
        child.once('exit', (code) => reject(new Error(`process ${i} ended with ${code} before it listened`)))
        child.on('message', (message: Message) => {
          if (message.stored) stored.push(message.stored)
          if (message.notice) notices.push({ ...message.notice, process: i })
          if (message.stall) stalls.push({ ...message.stall, process: i })
          if (!message.port) return
          urls[i] = `http://127.0.0.1:${message.port}`
          child.removeAllListeners('exit')
          resolve()
        })
      })
    },
    close() {
      for (const child of children) child?.kill('SIGKILL')
    },
  }
}
