import type { Database } from '../../src/browser/database.ts'

const databases = new Map<string, Map<string, unknown>>()

/** What `createDatabase` makes, in memory: atomic, and nobody shares an object with it. */
export function fakeDatabase(name: string): Database {
  const rows = databases.get(name) ?? new Map<string, unknown>()
  databases.set(name, rows)
  return {
    isThere: async () => true,
    read: async (names) => names.map((row) => structuredClone(rows.get(row))),
    async change(names, decide) {
      const { write = {}, answer } = decide(...names.map((row) => structuredClone(rows.get(row))))
      for (const [row, value] of Object.entries(write))
        if (value === undefined) rows.delete(row)
        else rows.set(row, structuredClone(value))
      return answer
    },
    seal: async (text) => ({ iv: new Uint8Array(12), sealed: new TextEncoder().encode(text).buffer }),
    unseal: async ({ sealed }) => new TextDecoder().decode(sealed),
  }
}
