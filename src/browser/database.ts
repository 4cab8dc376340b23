import type { Clock } from '../base/clock.ts'

/** One object store in IndexedDB. Its contents are sealed by AES-256-GCM under a key that cannot be read. */
export interface Database {
  /**
   * Whether it could be opened, now or earlier. If it could, a failure now is temporary. `false`: there is no
   * IndexedDB, or none that keeps a key.
   */
  isThere(): Promise<boolean>
  read(rows: readonly string[]): Promise<readonly unknown[]>
  /**
   * One atomic change: nobody else reads or writes between the input of `decide` and its writes. `decide` gets the
   * named rows and returns what to write (`undefined`: delete) and what to resolve to. It is called again if nothing of
   * its first result was written.
   */
  change<T>(rows: readonly string[], decide: Decide<T>): Promise<T>
  seal(text: string, context: string): Promise<Sealed>
  /** `undefined`: not sealed with this key and context. */
  unseal(sealed: Sealed, context: string): Promise<string | undefined>
}

type Decide<T> = (...found: unknown[]) => {
  readonly write?: Readonly<Record<string, unknown>>
  readonly answer: T
}

export interface Sealed {
  readonly iv: Uint8Array<ArrayBuffer>
  readonly sealed: ArrayBuffer
}

interface Connection {
  readonly database: IDBDatabase
  readonly key: CryptoKey
}

const STORE = 'vault'
const KEY = 'key'
/** A cold disk opens slowly. A transaction that takes longer than this never ends. */
const OPENING_MS = 4_000
const TRANSACTION_MS = 2_000

/**
 * The database `name`. If the platform closes a connection, or a connection does not answer, the call that notices this
 * opens it again. `onTrouble` is called once each time that it stops working.
 */
export function createDatabase(name: string, clock: Clock, onTrouble: () => void): Database {
  let current: Promise<Connection> | undefined
  let wasThere = false
  let isInTrouble = false

  function connection(): Promise<Connection> {
    if (current) return current
    const forget = () => {
      if (current === opening) current = undefined
    }
    const opening = connect(name, clock, forget)
    current = opening
    opening.then(() => {
      wasThere = true
    }, forget)
    return opening
  }

  async function told<T>(work: () => Promise<T>): Promise<T> {
    try {
      const answer = await work()
      isInTrouble = false
      return answer
    } catch (error) {
      if (!isInTrouble) onTrouble()
      isInTrouble = true
      throw error
    }
  }

  /** Tries once more on a new connection, unless the first one may have done its work. */
  const attempt = <T>(work: (connection: Connection) => Promise<T>): Promise<T> =>
    told(async () => {
      const first = connection()
      try {
        return await work(await first)
      } catch (error) {
        if (current === first) current = undefined
        first.then(({ database }) => database.close()).catch(() => {})
        if (error instanceof Unsettled) throw error
        return work(await connection())
      }
    })

  return {
    async isThere() {
      await told(connection).catch(() => {})
      return wasThere
    },
    read: (rows) => attempt(({ database }) => readRows(database, clock, rows)),
    change: (rows, decide) => attempt(({ database }) => changeRows(database, clock, rows, decide)),
    async seal(text, context) {
      const { key } = await connection()
      const iv = crypto.getRandomValues(new Uint8Array(12))
      const sealed = await crypto.subtle.encrypt(algorithm(iv, context), key, new TextEncoder().encode(text))
      return { iv, sealed }
    },
    async unseal({ iv, sealed }, context) {
      const { key } = await connection()
      try {
        return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm(iv, context), key, sealed))
      } catch {
        return undefined
      }
    },
  }
}

/** The time was over when the transaction could no longer be undone, so its writes may be there. */
class Unsettled extends Error {}

/** The key belongs to the connection: a cleared database has another one. */
async function connect(name: string, clock: Clock, onLost: () => void): Promise<Connection> {
  const database = await open(name, clock)
  // The platform has closed it.
  database.onclose = onLost
  // A later version of this page must be able to upgrade, and the user to clear.
  database.onversionchange = () => {
    database.close()
    onLost()
  }
  try {
    return { database, key: await readKey(database, clock) }
  } catch (error) {
    database.close()
    throw error
  }
}

async function readKey(database: IDBDatabase, clock: Clock): Promise<CryptoKey> {
  const [stored] = await readRows(database, clock, [KEY])
  if (stored instanceof CryptoKey) return stored
  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ])
  return changeRows(database, clock, [KEY], (found) =>
    found instanceof CryptoKey ? { answer: found } : { write: { [KEY]: made }, answer: made },
  )
}

function open(name: string, clock: Clock): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, 1)
    let isLate = false
    const fail = () => {
      disarm()
      reject(new Error('The vault could not be opened.'))
    }
    const disarm = clock.setTimer(
      () => {
        isLate = true
        fail()
      },
      OPENING_MS,
      'background',
    )
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE)
    opening.onerror = fail
    opening.onsuccess = () => {
      disarm()
      if (isLate) opening.result.close()
      else resolve(opening.result)
    }
  })
}

/** Settles in time. The result of `work` counts when the transaction is complete. */
function transact<T>(
  database: IDBDatabase,
  clock: Clock,
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore, answer: (value: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    // A token that was rotated must survive a loss of power.
    const transaction = database.transaction(STORE, mode, { durability: 'strict' })
    let answer: { readonly value: T } | undefined
    const disarm = clock.setTimer(
      () => {
        try {
          transaction.abort()
          reject(new Error('The vault did not answer in time.'))
        } catch {
          reject(new Unsettled('The vault did not answer in time.'))
        }
      },
      TRANSACTION_MS,
      'background',
    )
    const fail = () => {
      disarm()
      reject(new Error(`The vault could not be ${mode === 'readonly' ? 'read' : 'written'}.`))
    }
    transaction.onabort = fail
    transaction.oncomplete = () => {
      // A row that could not be read is not an absent one.
      if (!answer) return fail()
      disarm()
      resolve(answer.value)
    }
    work(transaction.objectStore(STORE), (value) => {
      answer = { value }
    })
  })
}

const readRows = (database: IDBDatabase, clock: Clock, rows: readonly string[]) =>
  transact<readonly unknown[]>(database, clock, 'readonly', (store, answer) => {
    const requests = rows.map((row) => store.get(row))
    const last = requests[requests.length - 1]
    if (last) last.onsuccess = () => answer(requests.map(({ result }) => result))
  })

function changeRows<T>(
  database: IDBDatabase,
  clock: Clock,
  rows: readonly string[],
  decide: Decide<T>,
): Promise<T> {
  return transact<T>(database, clock, 'readwrite', (store, answer) => {
    const requests = rows.map((row) => store.get(row))
    const last = requests[requests.length - 1]
    if (!last) return
    last.onsuccess = () => {
      const decided = decide(...requests.map(({ result }) => result))
      answer(decided.answer)
      for (const [row, value] of Object.entries(decided.write ?? {}))
        value === undefined ? store.delete(row) : store.put(value, row)
    }
  })
}

const algorithm = (iv: Uint8Array<ArrayBuffer>, context: string) => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(context),
})
