import { defineConfig } from 'vitepress'
import manifest from '../../../package.json' with { type: 'json' }
import { markdown } from '../markdown.ts'
import { sidebar } from '../siteMap.ts'
import { slugOf } from '../slugOf.ts'

/** Nothing of another origin. What is in line is VitePress' own. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

export default defineConfig({
  title: manifest.name,
  description: manifest.description,
  lang: 'en',
  srcDir: '.pages',
  outDir: '../dist',
  head: [
    ['meta', { 'http-equiv': 'Content-Security-Policy', content: POLICY }],
    ['meta', { name: 'referrer', content: 'no-referrer' }],
  ],
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: markdown,
    linkify: false,
    // No grammar of its own: its blocks and comments are written alike.
    languageAlias: { caddy: 'nginx' },
    anchor: { slugify: slugOf },
    image: { lazyLoading: true },
    codeTransformers: [
      {
        // A file of the repository, whose lines are linked to.
        line(node, line) {
          if (this.options.meta?.__raw?.includes('lines')) node.properties.id = `L${line}`
        },
      },
    ],
  },
  vite: { build: { chunkSizeWarningLimit: 2_000 } },
  themeConfig: {
    logo: { src: '/icon.svg', alt: '' },
    nav: [
      { text: 'Guide', link: '/guide' },
      { text: 'Statechart', link: '/statechart' },
      { text: 'Reference', link: '/api/xstate-session' },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        // Colours are not searched for, and cost most of a build.
        _render(text, env, md) {
          const html = md.render(text, Object.assign(env, { isPlain: true }))
          return env.frontmatter?.search === false ? '' : html
        },
      },
    },
    externalLinkIcon: true,
  },
})
