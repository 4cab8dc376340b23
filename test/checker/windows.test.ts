import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { changing, changingIn } from './fields.ts'
import { windows } from './windows.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('the windows of the model checker', () => {
  test.each([...windows])('find their place in $file', ({ file, find }) => {
    expect(readFileSync(root + file, 'utf8').split(find)).toHaveLength(2)
  })

  test('a field of a session that changes is in the print of a state, or needs not be', () => {
    // A new field: what tells its value in the print? If nothing does, it needs a window.
    expect(changingIn(`${root}src/session`).sort()).toEqual(Object.keys(changing).sort())
  })
})
