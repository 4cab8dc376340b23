/** How pages of the docs are followed. */
export interface Recipe {
  /** The page whose files are put into the application. */
  readonly page: string
  /** The pages that are followed before. */
  readonly after?: readonly string[]
  /** Makes the application, in a folder that is called `panel` afterwards. */
  readonly create: string
  /** What is installed beside this package. */
  readonly packages: readonly string[]
  /** Which packages ask for a version that is not simply the newest: each with the one that must have it so. */
  readonly versions?: Readonly<Record<string, string>>
  /** Whose versions the page of a run tells. */
  readonly frameworks: readonly string[]
  /** Builds for production. No variable is set: a build must not need a secret. */
  readonly build: string
  /** Serves at `PORT`. */
  readonly start: string
  /**
   * What the application does beyond the login. `action`: counts users by a call of server code. `guard`: turns strangers
   * away from `/reports`. `hello`: greets users at `/hello`. `deep`: shows `/settings` also to who asks for it first.
   */
  readonly beyond: readonly ('action' | 'guard' | 'hello' | 'deep')[]
  /** Whether it serves its page under a policy that names each script and each style. @default false */
  readonly policy?: boolean
  /** What a user clicks to log out, one after the other. @default 'Sign out' */
  readonly signOut?: readonly string[]
}

const vite = {
  create: 'npm create vite@latest panel -- --template react-ts --no-interactive',
  build: 'npm run build',
}
const behind = { ...vite, after: ['docs/embed-vite.md'], beyond: ['hello'] } as const
const hono = { ...behind, page: 'docs/embed-hono.md' }
const honoPackages = ['xstate', 'hono', '@hono/node-server']
/** Its files in the page of Vite, and the server of Hono beside it. */
const onHono = {
  ...vite,
  after: ['docs/embed-vite.md', 'docs/embed-hono.md'],
  packages: [...honoPackages, 'react', 'react-dom'],
  start: 'node server.ts',
  beyond: ['deep'],
} as const

export const recipes: Readonly<Record<string, Recipe>> = {
  nextjs: {
    frameworks: ['next', 'react'],
    page: 'docs/embed-nextjs.md',
    create: 'npx --yes create-next-app@latest panel --yes --skip-install --disable-git',
    packages: ['xstate'],
    build: 'npx next build',
    start: 'npx next start --port $PORT',
    beyond: ['action', 'guard'],
  },
  vite: {
    frameworks: ['vite', 'react'],
    ...vite,
    page: 'docs/embed-vite.md',
    packages: ['xstate'],
    start: 'node server.ts & npx vite --port $PORT --strictPort',
    beyond: [],
  },
  hono: {
    frameworks: ['hono', '@hono/node-server', 'vite'],
    ...hono,
    packages: honoPackages,
    start: 'node server.ts',
  },
  bun: {
    frameworks: ['bun', 'hono', 'vite'],
    ...hono,
    packages: [...honoPackages, 'bun'],
    start: 'npx bun app.ts',
  },
  deno: {
    frameworks: ['deno', 'hono', 'vite'],
    ...hono,
    packages: [...honoPackages, 'deno'],
    start: 'npx deno serve --allow-net --allow-env --allow-read --port $PORT app.ts',
  },
  'react-admin': {
    frameworks: ['react-admin', 'hono', 'vite'],
    page: 'docs/embed-react-admin.md',
    create:
      'npx --yes create-react-admin@latest panel --data-provider none --auth-provider none --resource skip --install skip',
    packages: ['xstate', 'hono', '@hono/node-server', '@emotion/cache'],
    build: 'npm run build && npx tsc --noEmit --project tsconfig.app.json',
    start: 'node server.ts',
    beyond: [],
    policy: true,
    signOut: ['Profile', 'Logout'],
  },
  // create-refine-app has its templates from GitHub.
  refine: {
    frameworks: ['@refinedev/core', 'react-router', 'hono', 'vite'],
    ...onHono,
    page: 'docs/embed-refine.md',
    versions: { 'react-router@7': '@refinedev/react-router' },
    packages: [...onHono.packages, '@refinedev/core', '@refinedev/react-router', 'react-router@7'],
  },
  tanstack: {
    frameworks: ['@tanstack/react-router', '@tanstack/react-query', 'hono', 'vite'],
    ...onHono,
    page: 'docs/embed-tanstack.md',
    packages: [...onHono.packages, '@tanstack/react-query', '@tanstack/react-router'],
  },
  express: {
    frameworks: ['express', 'vite'],
    ...behind,
    page: 'docs/embed-express.md',
    packages: ['xstate', 'express'],
    start: 'node server.ts',
  },
  fastify: {
    frameworks: ['fastify', '@fastify/static', 'vite'],
    ...behind,
    page: 'docs/embed-fastify.md',
    packages: ['xstate', 'fastify', '@fastify/static'],
    start: 'node server.ts',
  },
  vue: {
    frameworks: ['vue', 'express', 'vite'],
    page: 'docs/embed-vue.md',
    after: ['docs/embed-express.md'],
    create: 'npm create vite@latest panel -- --template vue-ts --no-interactive',
    packages: ['xstate', 'express'],
    build: 'npm run build',
    start: 'node server.ts',
    beyond: ['hello'],
  },
  sveltekit: {
    frameworks: ['@sveltejs/kit', 'svelte', 'vite'],
    page: 'docs/embed-sveltekit.md',
    create:
      'npx --yes sv@latest create panel --template minimal --types ts --add sveltekit-adapter=adapter:node --no-install',
    build: 'npm run build && npm run check',
    start: 'ORIGIN=http://localhost:$PORT node build',
    beyond: ['guard'],
    packages: ['xstate'],
  },
  'react-router': {
    frameworks: ['react-router', 'react', 'vite'],
    page: 'docs/embed-react-router.md',
    create: 'mkdir panel && cd panel && npm init -y && npm pkg set type=module',
    // create-react-router has its templates from GitHub. Its server works with one version: `@8` lets npm find that.
    versions: { 'react-router@8': '@react-router/serve' },
    packages: [
      ...['xstate', 'react', 'react-dom', 'isbot', 'react-router@8'],
      ...['@react-router/serve', '@react-router/dev', 'vite'],
    ],
    build: 'npx react-router build',
    start: 'npx react-router-serve build/server/index.js',
    beyond: ['guard'],
  },
  'tanstack-start': {
    frameworks: ['@tanstack/react-start', 'react', 'vite'],
    page: 'docs/embed-tanstack-start.md',
    create:
      'npx --yes @tanstack/cli@latest create panel --blank --deployment nitro --non-interactive --no-install --no-git',
    packages: ['xstate'],
    build: 'npx vite build && npx tsc --noEmit',
    start: 'node .output/server/index.mjs',
    beyond: ['guard'],
  },
}
