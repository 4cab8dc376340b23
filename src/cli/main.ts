#!/usr/bin/env node
import { doctor } from './doctor.ts'
import { replay } from './replay.ts'

interface Command {
  /** The arguments in the usage line. */
  readonly usage: string
  readonly about: string
  /** Returns the exit code. */
  run(args: readonly string[]): Promise<number>
}

const commands: Readonly<Record<string, Command>> = { doctor, replay }

const [name = '', ...args] = process.argv.slice(2)
const command = Object.hasOwn(commands, name) ? commands[name] : undefined
if (command) {
  try {
    process.exitCode = await command.run(args)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 2
  }
} else {
  console.error(
    Object.entries(commands)
      .map(([word, { usage, about }]) => `xstate-session ${word} ${usage}\n    ${about}`)
      .join('\n'),
  )
  process.exitCode = /^(--help|-h)?$/.test(name) && name !== '' ? 0 : 2
}
