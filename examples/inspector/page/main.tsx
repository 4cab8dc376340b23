import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { InspectorPage } from './InspectorPage.tsx'
import { connect } from './received.ts'

connect()
const root = document.getElementById('inspector')
if (root)
  createRoot(root).render(
    <StrictMode>
      <InspectorPage />
    </StrictMode>,
  )
