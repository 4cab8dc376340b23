import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  Application,
  type Comment,
  Converter,
  type DeclarationReflection,
  IntrinsicType,
  type ProjectReflection,
  ReflectionKind,
} from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** One subpath of the package. */
export interface ReferenceModule {
  /** As it is imported. */
  readonly specifier: string
  /** Its page of the reference. */
  readonly page: string
  /** The names that it explains itself: what it passes on is explained by another. */
  readonly entries: readonly DeclarationReflection[]
  /** All names that it exports. */
  readonly names: readonly string[]
}

/** The reference of every public name, as TypeDoc reads it. */
export interface Reference {
  readonly project: ProjectReflection
  readonly modules: readonly ReferenceModule[]
  /** Names, and members of public interfaces, that nothing is said about, and subpaths that lead nowhere. */
  readonly problems: readonly string[]
  /** Writes a page of Markdown for each subpath, and answers where each name is explained: `react.md#useticks`. */
  write(folder: string): Promise<ReadonlyMap<string, string>>
}

/** How the pages look. */
const look: Partial<PluginOptions> = {
  entryFileName: 'modules',
  flattenOutputFiles: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  pageTitleTemplates: { module: ({ rawName }) => `\`${specifierOf(rawName)}\`` },
  useCodeBlocks: true,
  // Names that differ by case alone have the place that links to them name.
  useCustomAnchors: true,
  expandObjects: true,
  classPropertiesFormat: 'table',
  interfacePropertiesFormat: 'table',
  parametersFormat: 'table',
  propertyMembersFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  typeDeclarationVisibility: 'compact',
  tableColumnSettings: { hideInherited: true, hideModifiers: true, hideOverrides: true, hideSources: true },
}

/** Reads what every subpath exports. Takes seconds: one of it serves whoever asks. */
export async function readReference(): Promise<Reference> {
  const app = await Application.bootstrapWithPlugins({
    // The core first: a name that other subpaths offer, too, is told there.
    entryPoints: ['index.ts', ...readdirSync(`${root}src/exports`).filter((name) => name !== 'index.ts')].map(
      (name) => `${root}src/exports/${name}`,
    ),
    tsconfig: fileURLToPath(new URL('tsconfig.json', import.meta.url)),
    plugin: ['typedoc-plugin-markdown'],
    router: 'module',
    readme: 'none',
    name: 'Reference',
    logLevel: 'Error',
    // `npm run test:types` tells those.
    skipErrorChecking: true,
    disableSources: true,
    excludeExternals: true,
    excludePrivate: true,
    excludeProtected: true,
    sort: ['source-order'],
    groupOrder: ['Functions', 'Variables', 'Classes', 'Interfaces', 'Type Aliases', '*', 'References'],
    ...(look as object),
  })
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    // The page of the core is called as the package is.
    for (const module of project.getReflectionsByKind(ReflectionKind.Module))
      if (module.name === 'index') module.name = 'xstate-session'
    for (const property of project.getReflectionsByKind(ReflectionKind.Property)) shorten(property as never)
    // A parameter that is taken apart at once has no name of its own.
    for (const parameter of project.getReflectionsByKind(ReflectionKind.Parameter))
      if (parameter.name === '__namedParameters') parameter.name = 'options'
  })
  const project = await app.convert()
  if (!project) throw new Error('TypeDoc cannot read src/exports')
  const modules = (project.children ?? []).map((module): ReferenceModule => {
    const entries = (module.children ?? []).filter((entry) => !entry.isReference())
    const names = (module.children ?? []).map(({ name }) => name)
    return { specifier: specifierOf(module.name), page: `${module.name}.md`, entries, names }
  })
  const silent = (project.children ?? []).filter((module) => !module.hasComment())
  return {
    project,
    modules,
    problems: [
      ...subpathProblems(),
      ...silent.map(({ name }) => `src/exports/${name}.ts says nothing about itself, with @module`),
      ...modules.flatMap(silentNames),
    ],
    async write(folder) {
      const names = new Map<string, string>()
      app.renderer.postRenderAsyncJobs.push(async () => {
        for (const { entries } of modules)
          for (const entry of entries) names.set(entry.name, app.renderer.router?.getFullUrl(entry) ?? '')
      })
      await app.outputs.writeOutput({ name: 'markdown', path: folder }, project)
      return names
    },
  }
}

const specifierOf = (id: string) => (id === 'xstate-session' ? id : `xstate-session/${id}`)

/** A type of some hundred keys says nothing: its docstring does. */
function shorten(property: DeclarationReflection): void {
  const { type } = property
  if (type?.type === 'reflection' && (type.declaration.children?.length ?? 0) > 30)
    property.type = new IntrinsicType('object')
}

/** Subpaths of package.json without a list of exports, and the other way round. */
function subpathProblems(): string[] {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: object }
  const ids = Object.keys(exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => (subpath === '.' ? 'index' : subpath.slice(2)))
  const there = readdirSync(`${root}src/exports`).map((file) => file.replace(/\.ts$/, ''))
  return [
    ...ids
      .filter((id) => !there.includes(id))
      .map((id) => `package.json: ./${id} has no src/exports/${id}.ts`),
    ...there.filter((id) => !ids.includes(id)).map((id) => `src/exports/${id}.ts is not in package.json`),
  ]
}

/** The comments of a name: of each of its signatures, where it has several. */
export const commentsOf = ({ comment, signatures = [] }: DeclarationReflection): Comment[] =>
  [comment, ...signatures.map((signature) => signature.comment)].filter((one) => one !== undefined)

function silentNames({ specifier, entries }: ReferenceModule): string[] {
  const isSilent = (of: DeclarationReflection) => !commentsOf(of).some((comment) => !isEmpty(comment))
  return entries.flatMap((entry) => {
    const members = entry.kindOf(ReflectionKind.ClassOrInterface) ? (entry.children ?? []) : []
    const own = members.filter(
      // What a class only fixes is said by the class above it; a literal says itself.
      (member) =>
        !member.inheritedFrom &&
        !member.overwrites &&
        member.defaultValue === undefined &&
        !member.kindOf(ReflectionKind.Constructor),
    )
    return [
      ...(isSilent(entry) ? [entry.name] : []),
      ...own.filter(isSilent).map(({ name }) => `${entry.name}.${name}`),
    ].map((name) => `${specifier}: nothing is said about ${name}`)
  })
}

const isEmpty = ({ summary, blockTags }: Comment) => !summary.length && !blockTags.length
