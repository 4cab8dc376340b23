/** One object store in IndexedDB, whose contents are sealed by AES-256-GCM under a key that cannot be read out. */
export interface Database {
  read(row: string): Promise<unknown>
  /**
   * One atomic change: nobody else reads or writes between what `decide` is given and what it writes. `decide` is
   * given the rows named and answers what to write (`undefined`: delete) and what to resolve to.
   */
  change<T>(
    rows: readonly string[],
    decide: (...found: unknown[]) => {
      readonly write?: Readonly<Record<string, unknown>>
      readonly answer: T
    },
  ): Promise<T>
  seal(text: string, context: string): Promise<Sealed>
  /** `undefined`: not sealed with this key and context. */
  unseal(sealed: Sealed, context: string): Promise<string | undefined>
}

export interface Sealed {
  readonly iv: Uint8Array<ArrayBuffer>
  readonly sealed: ArrayBuffer
}

const STORE = 'vault'
const KEY = 'key'

/** Rejects where there is no IndexedDB, or none that keeps a key. */
export async function openDatabase(name: string): Promise<Database> {
  const opening = indexedDB.open(name, 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE)
  const database = await done(opening)
  // A later version of this page must be able to upgrade.
  database.onversionchange = () => database.close()

  const read = (row: string) => done(database.transaction(STORE).objectStore(STORE).get(row))

  const change: Database['change'] = (rows, decide) =>
    new Promise((resolve, reject) => {
      // A token that was rotated must not be lost with the power.
      const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' })
      const store = transaction.objectStore(STORE)
      const requests = rows.map((row) => store.get(row))
      let answer: Parameters<typeof resolve>[0]
      const last = requests.at(-1)
      if (last)
        last.onsuccess = () => {
          const decided = decide(...requests.map(({ result }) => result))
          answer = decided.answer
          for (const [row, value] of Object.entries(decided.write ?? {}))
            value === undefined ? store.delete(row) : store.put(value, row)
        }
      transaction.oncomplete = () => resolve(answer)
      transaction.onabort = () => reject(new Error('The vault could not be written.'))
    })

  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ])
  const key = await change([KEY], (found) =>
    found instanceof CryptoKey ? { answer: found } : { write: { [KEY]: made }, answer: made },
  )
  const algorithm = (iv: Uint8Array<ArrayBuffer>, context: string) => ({
    name: 'AES-GCM',
    iv,
    additionalData: new TextEncoder().encode(context),
  })

  return {
    read,
    change,
    async seal(text, context) {
      const iv = crypto.getRandomValues(new Uint8Array(12))
      const sealed = await crypto.subtle.encrypt(algorithm(iv, context), key, new TextEncoder().encode(text))
      return { iv, sealed }
    },
    async unseal({ iv, sealed }, context) {
      try {
        return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm(iv, context), key, sealed))
      } catch {
        return undefined
      }
    },
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(new Error('The vault could not be opened.'))
  })
}
