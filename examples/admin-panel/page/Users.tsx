import { DataState } from './DataState.tsx'
import { useData } from './useData.ts'

interface User {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role: string
}

export function Users() {
  const query = useData<{ users: readonly User[] }>('/api/admin/users')
  return (
    <section className="card" aria-labelledby="users-title">
      <div className="card-head">
        <h1 id="users-title">Users</h1>
        <button type="button" className="quiet-button" onClick={() => query.refetch()}>
          Reload
        </button>
      </div>
      <DataState query={query} />
      {query.data && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <section className="scroll" tabIndex={0} aria-label="Table of users">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">E-mail</th>
                <th scope="col">Role</th>
              </tr>
            </thead>
            <tbody>
              {query.data.users.map(({ id, name, email, role }) => (
                <tr key={id}>
                  <td>{name}</td>
                  <td>{email}</td>
                  <td>
                    <span className="tag">{role.toLowerCase()}</span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  )
}
