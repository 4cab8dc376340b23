/** A chapter of the site, and its pages in their order. */
interface Chapter {
  readonly title: string
  readonly pages: readonly NavigationPage[]
}

export interface NavigationPage {
  /** The file in the repository, from its root. */
  readonly source: string
  /** As the navigation names it. */
  readonly title: string
}

const page = (source: string, title: string): NavigationPage => ({ source, title })

/**
 * Every page that is written by hand, in reading order. A file of `docs/` that is missing here fails the build.
 * The pages of the states and of the subpaths follow from the machine and from package.json.
 */
export const chapters: readonly Chapter[] = [
  {
    title: 'Start',
    pages: [
      page('README.md', 'Overview'),
      page('docs/guide.md', 'Guide'),
      page('docs/when-it-does-not-work.md', 'When it does not work'),
      page('docs/why-sessions-die.md', 'Why sessions die'),
      page('docs/comparison.md', 'Comparison'),
    ],
  },
  {
    title: 'In a page',
    pages: [
      page('docs/browser.md', 'Tabs, sleep and storage'),
      page('docs/react.md', 'React'),
      page('docs/recipes.md', 'Recipes: axios, uploads, sockets'),
      page('docs/panel.md', 'The demo panel'),
    ],
  },
  {
    title: 'Guides by framework',
    pages: [
      page('docs/embed-xstate.md', 'A page at LibreChat'),
      page('docs/embed-oauth.md', 'A page at any provider'),
      page('docs/dpop.md', 'Tokens bound to a key'),
      page('docs/embed-bff.md', 'A page and its server'),
      page('docs/embed-nextjs.md', 'Next.js'),
      page('docs/embed-vite.md', 'Vite'),
      page('docs/embed-hono.md', 'Hono'),
      page('docs/embed-express.md', 'Express'),
      page('docs/embed-fastify.md', 'Fastify'),
      page('docs/embed-vue.md', 'Vue'),
      page('docs/embed-sveltekit.md', 'SvelteKit'),
      page('docs/embed-react-router.md', 'React Router'),
      page('docs/embed-tanstack-start.md', 'TanStack Start'),
      page('docs/embed-react-admin.md', 'react-admin'),
      page('docs/embed-ra-core.md', 'react-admin on ra-core'),
      page('docs/embed-refine.md', 'refine'),
      page('docs/embed-tanstack.md', 'TanStack Query and Router'),
    ],
  },
  {
    title: 'On a server',
    pages: [
      page('docs/server-logins.md', 'Logins of a server'),
      page('docs/refresher.md', 'Refreshes for sessions of your own'),
      page('docs/deployment.md', 'Deployment'),
      page('docs/security.md', 'Security'),
      page('docs/operations.md', 'Operations'),
      page('docs/recorder.md', 'Flight recorder'),
      page('docs/doctor.md', 'The doctor'),
    ],
  },
  {
    title: 'The machine',
    pages: [
      page('docs/statechart.md', 'Statechart'),
      page('docs/outcomes.md', 'Outcomes and reasons'),
      page('docs/words.md', 'Answers that end a session'),
      page('docs/providers.md', 'Providers'),
      page('docs/testing.md', 'Testing'),
      page('docs/xstate-6.md', 'XState 6'),
    ],
  },
  {
    title: 'Tests and proof',
    pages: [
      page('docs/inspect.md', 'Inspector'),
      page('docs/chaos.md', 'Chaos'),
      page('docs/simulation.md', 'Simulation'),
      page('docs/proof.md', 'Proof by exhaustion'),
      page('docs/mutation.md', 'Mutation'),
      page('docs/runs.md', 'Runs'),
    ],
  },
  {
    title: 'The project',
    pages: [
      page('docs/house.md', 'The house'),
      page('docs/measurements.md', 'Measurements'),
      page('CONTRIBUTING.md', 'Contributing'),
      page('SECURITY.md', 'Reporting a weakness'),
      page('CHANGELOG.md', 'Changes'),
    ],
  },
]
