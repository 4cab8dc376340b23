import type { Inspected } from './received.ts'

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
/** What their names say are instants; `0` there means never. */
const INSTANT = /(At|Until|since|notBefore)$/
/** The last instant of ECMAScript stands for never, and as a length for no end. */
const NEVER = 8_640_000_000_000_000

/** What came with the last message: facts, versions and times. */
export function Facts({ session }: { readonly session: Inspected }) {
  const { context, tags, definition } = session
  return (
    <section className="card" aria-labelledby="facts-title">
      <h2 id="facts-title">What it knows</h2>
      <p className="tags">
        {tags.map((tag) => (
          <span key={tag} className="tag">
            {tag}
          </span>
        ))}
      </p>
      <dl className="facts">
        {Object.entries(context).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <Value name={name} value={value} />
            </dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>The definition, as it was sent ({definition.length} characters)</summary>
        <textarea readOnly rows={8} value={definition} aria-label="The definition, as it was sent" />
      </details>
    </section>
  )
}

export function Value({ name = '', value }: { readonly name?: string; readonly value: unknown }) {
  if (value === NEVER) return <code>never</code>
  if (typeof value === 'number' && value > 0 && INSTANT.test(name))
    return <time dateTime={new Date(value).toISOString()}>{time.format(value)}</time>
  if (typeof value === 'object' && value !== null)
    return (
      <>
        {Object.entries(value).map(([name, part]) =>
          typeof part === 'object' && part !== null ? (
            <Value key={name} value={part} />
          ) : (
            <span key={name} className="part">
              {name} <Value name={name} value={part} />
            </span>
          ),
        )}
      </>
    )
  if (typeof value === 'number') return <code>{Math.round(value * 1_000) / 1_000}</code>
  return <code>{String(value)}</code>
}
