import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useSessionFetch } from 'xstate-session/react'
import { DataState } from './DataState.tsx'
import { useData } from './useData.ts'

const PATH = '/api/admin/settings'
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  registration: ['closed', 'invite', 'open'],
  theme: ['system', 'light', 'dark'],
}

export function Settings() {
  const query = useData<Record<string, string>>(PATH)
  const fetch = useSessionFetch()
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: async (patch: Record<string, string>) => {
      const answer = await fetch(PATH, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(patch),
      })
      if (!answer.ok) throw new Error(`The backend answered ${answer.status}.`)
      return (await answer.json()) as Record<string, string>
    },
    onSuccess: (saved) => client.setQueryData([PATH], saved),
  })
  return (
    <section className="card" aria-labelledby="settings-title">
      <h1 id="settings-title">Settings</h1>
      <DataState query={query} />
      {query.data &&
        Object.entries(CHOICES).map(([name, choices]) => (
          <label key={name} className="setting">
            {name}
            <select value={query.data[name]} onChange={({ target }) => save.mutate({ [name]: target.value })}>
              {choices.map((choice) => (
                <option key={choice}>{choice}</option>
              ))}
            </select>
          </label>
        ))}
      <p role="status" className={save.isError ? 'error' : 'quiet'}>
        {save.isPending
          ? save.isPaused
            ? 'Waiting for a bearer…'
            : 'Saving…'
          : (save.error?.message ?? (save.isSuccess ? 'Saved.' : ''))}
      </p>
    </section>
  )
}
