/**
 * Installs the system programs that the tests of this repository start, where one is needed and missing.
 * It says what it does, and does nothing where nothing is missing.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** `neededBy`: the test folders that start the program. */
const programs = [
  { command: 'redis-server', debianPackage: 'redis-server', neededBy: ['redis', 'chaos'] },
  { command: 'initdb', debianPackage: 'postgresql', neededBy: ['postgres', 'chaos', 'docs', 'server'] },
  { command: 'pgbouncer', debianPackage: 'pgbouncer', neededBy: ['postgres'] },
  // Without it the tests of the lines for nginx are skipped.
  { command: 'nginx', debianPackage: 'nginx-light', neededBy: ['docs'] },
  { command: 'chromium', debianPackage: 'chromium', neededBy: ['browser', 'docs', 'e2e', 'server'] },
  {
    command: 'chromium-headless-shell',
    debianPackage: 'chromium-headless-shell',
    neededBy: ['browser', 'docs', 'e2e', 'inspect', 'server'],
  },
  { command: 'firefox-esr', debianPackage: 'firefox-esr', neededBy: ['browser'] },
  // WebKitGTK, and the browser that its driver starts.
  { command: 'WebKitWebDriver', debianPackage: 'webkit2gtk-driver', neededBy: ['browser', 'e2e', 'server'] },
  { command: 'Xvfb', debianPackage: 'xvfb', neededBy: ['browser', 'e2e', 'server'] },
]

/** Debian's place for the programs of PostgreSQL, a folder for each version. */
const POSTGRES = '/usr/lib/postgresql'

const folders = [
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/sbin',
  ...(existsSync(POSTGRES) ? readdirSync(POSTGRES).map((version) => join(POSTGRES, version, 'bin')) : []),
]

const isInstalled = (command: string) => folders.some((folder) => isExecutable(join(folder, command)))

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const hasTests = (folder: string) =>
  existsSync(folder) &&
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((file) => /\.test\.tsx?$/.test(file))

/** Runs apt-get, as root or through sudo. */
function aptGet(...words: string[]): boolean {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo']
  const [command = '', ...args] = [...asRoot, 'apt-get', ...words]
  console.log(`  ${[command, ...args].join(' ')}`)
  return (
    spawnSync(command, args, {
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0
  )
}

const missing: string[] = []
for (const { command, debianPackage, neededBy } of programs) {
  const tested = neededBy.filter((folder) => hasTests(join(import.meta.dirname, folder)))
  if (tested.length === 0) console.log(`${command}: no test needs it.`)
  else if (isInstalled(command)) console.log(`${command}: present.`)
  else {
    console.log(`${command}: missing, and needed by test/${tested.join(' and test/')}.`)
    missing.push(debianPackage)
  }
}

if (missing.length > 0) {
  const canInstall = isInstalled('apt-get') && (process.getuid?.() === 0 || isInstalled('sudo'))
  if (!canInstall) {
    console.error(
      `Please install ${missing.join(' and ')} and run this again: there is no apt-get that this user may run.`,
    )
    process.exit(1)
  }
  console.log(`Installing ${missing.join(' and ')} from the system's packages:`)
  if (!aptGet('update') || !aptGet('install', '-y', '--no-install-recommends', ...missing)) {
    console.error('apt-get failed; see above.')
    process.exit(1)
  }
}
