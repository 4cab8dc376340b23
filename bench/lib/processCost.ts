import { readdirSync, readFileSync } from 'node:fs'

/** `getconf CLK_TCK` of every Linux that Node runs on. */
const TICKS_A_SECOND = 100

/** What a process and its children have cost so far, as Linux counts it. */
export interface Cost {
  /** CPU of user and kernel; microseconds. */
  readonly cpu: number
  /** Resident memory; bytes. What processes share counts for each of them. */
  readonly resident: number
}

/** The fields of `/proc/PID/stat` after the name, which may have blanks itself. */
function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** The process and all that it has started. */
function family(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      parents.set(Number(name), Number(statOf(Number(name))[1]))
    } catch {
      // It has ended.
    }
  }
  const isOf = (one: number | undefined): boolean =>
    one === pid || (one !== undefined && one > 1 && isOf(parents.get(one)))
  return [...parents.keys()].filter((one) => isOf(one))
}

export function costOf(pid: number): Cost {
  let ticks = 0
  let kilobytes = 0
  for (const one of family(pid)) {
    const [user, system] = statOf(one).slice(11, 13)
    ticks += Number(user) + Number(system)
    kilobytes += Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1])
  }
  return { cpu: (ticks / TICKS_A_SECOND) * 1e6, resident: kilobytes * 1024 }
}
