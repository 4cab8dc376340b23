import { readdirSync, readFileSync } from 'node:fs'

/**
 * The fields of a session's objects that change, and what tells their values in the print of a state. Two states that
 * differ in a field and print the same are merged, and one of them is never followed.
 */
export const changing: Readonly<Record<string, string>> = {
  'Supply.#freshUntilWall': 'chart',
  'Supply.#freshUntilMonotonic': 'chart',
  'Supply.#asked': 'chart: it lasts until the next snapshot',
  'Runtime.logins': 'port: only calls that overlap compare it',
  'Runtime.restoring': 'port',
  'Runtime.#status': 'party: it moves with the actor',
  'Runtime.#resume': 'port: the attempt that is resumed',
  'Runtime.#toChart': 'party: it moves with the actor',
  'Runtime.#observing': 'party: it moves with the actor',
  'Runtime.#listening': 'party: it moves with the actor',
  'Runtime.#stopSignals': 'nothing: no scenario has signals',
  'Runtime.#seenAt': 'nothing: only a hint in a request',
  'Reading.snapshot': 'chart',
  'Reading.state': 'chart',
  'Reading.#initial': 'nothing: it is set once',
  'Reading.takes': 'nothing: it is compared inside one call',
  'Notifier.#told': 'chart: it follows in a microtask',
  'Notifier.#listeners': 'nothing: it is not of the session',
  'Notifier.#notices': 'nothing: it is empty after a microtask',
  'Vault.#position': 'chart',
  'Vault.#tokens': 'window',
  'Vault.#replaced': 'provider: what it has issued',
  'Vault.#authorization': 'nothing: it repeats the bearer',
  'Grant.#owner': 'chart',
  'Grant.#life': 'chart',
  'Grant.#shown': 'chart',
  'Holding.request': 'port',
  'Holding.problem': 'nothing: only the text of an error',
  'Holding.told': 'party: it is set once',
  'Waiters.#waiting': 'window, and the open calls',
  'Alarm.deadline': 'timer',
  'Alarm.patience': 'timer',
  'Alarm.remind': 'party: it moves with the actor',
  'Alarm.#disarm': 'timer',
  'BearerCalls.#proven': 'chart: the bearer was accepted',
  'SharedRecord.unread': 'timer',
  'SharedRecord.#stopWriting': 'timer',
}

/** Every field in the classes of `directory` that is not `readonly`. */
export function changingIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const source = readFileSync(`${directory}/${file}`, 'utf8')
      return [...source.matchAll(/^(?:export )?(?:abstract )?class (\w+)[\s\S]*?^\}$/gm)].flatMap(
        ([body, name]) =>
          [...body.matchAll(/^ {2}(#?\w+)(?:\??: | = |$)/gm)].map(([, field]) => `${name}.${field}`),
      )
    })
}
