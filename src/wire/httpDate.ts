const EARLIEST = Date.UTC(2015, 0)
const LATEST = Date.UTC(2090, 0)
// RFC 9110 section 5.6.7.
const imfFixdate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/

/** An instant in milliseconds since the Unix epoch; `undefined` unless it lies in the years 2015 to 2089. */
export function parseHttpDate(value: string | null): number | undefined {
  const instant = value && imfFixdate.test(value) ? Date.parse(value) : Number.NaN
  return instant >= EARLIEST && instant < LATEST ? instant : undefined
}
