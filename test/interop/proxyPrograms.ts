import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cache, has, run } from './children.ts'

const CADDY = '2.11.9'
const TRAEFIK = '3.7.13'

/** Caddy, built once out of its Go module. */
export function caddy(): string {
  const program = `${cache}caddy`
  if (!existsSync(program)) {
    needGo('github.com/caddyserver/caddy/v2', CADDY)
    run('env', [`GOBIN=${cache}`, 'go', 'install', `github.com/caddyserver/caddy/v2/cmd/caddy@v${CADDY}`])
  }
  return program
}

const NO_DNS = `package dns

import (
	"fmt"

	"github.com/go-acme/lego/v5/challenge"
)

func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("not built in: %s", name)
}
`
const EXT = `package ext

type HTTP struct{}

type Router struct{}
`

/**
 * Traefik, built once out of its Go module, without what the module proxy does not have: the DNS providers of its
 * certificates, a fork of its basic authentication, and a module of extensions that is empty in its repository.
 */
export function traefik(): string {
  const program = `${cache}traefik`
  if (existsSync(program)) return program
  needGo('github.com/traefik/traefik/v3', TRAEFIK)
  const source = `${cache}traefik-source/`
  const lego = `${cache}traefik-lego/`
  copyModule(`github.com/traefik/traefik/v3@v${TRAEFIK}`, source)
  const [, legoVersion = ''] = /go-acme\/lego\/v5 (v\S+)/.exec(readFileSync(`${source}go.mod`, 'utf8')) ?? []
  copyModule(`github.com/go-acme/lego/v5@${legoVersion}`, lego)
  writeFileSync(`${lego}providers/dns/zz_gen_dns_providers.go`, NO_DNS)
  const ext = `${source}pkg/config/dynamic/ext/`
  mkdirSync(ext, { recursive: true })
  writeFileSync(`${ext}go.mod`, 'module github.com/traefik/traefik/dynamic/ext\n\ngo 1.22\n')
  writeFileSync(`${ext}ext.go`, EXT)
  // Nobody here asks for a name and a password.
  const auth = `${source}pkg/middlewares/auth/`
  patch(`${auth}basic_auth.go`, 'goauth.CheckSecret', 'func(_, _ string) bool { return false }')
  patch(`${auth}digest_auth.go`, 'RequireAuthStale', 'RequireAuth')
  const replaced = [
    'github.com/go-acme/lego/v5=../traefik-lego',
    'github.com/abbot/go-http-auth=github.com/abbot/go-http-auth@v0.4.0',
  ]
  run('go', ['mod', 'edit', ...replaced.map((one) => `-replace=${one}`)], source)
  run('go', ['build', '-mod=mod', '-p', '1', '-ldflags', '-s -w', '-o', program, './cmd/traefik'], source)
  return program
}

function copyModule(named: string, folder: string): void {
  const { Dir } = JSON.parse(run('go', ['mod', 'download', '-json', named])) as { Dir: string }
  rmSync(folder, { recursive: true, force: true })
  cpSync(Dir, folder, { recursive: true })
  run('chmod', ['-R', 'u+w', folder])
}

function patch(file: string, find: string, put: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(find, put))
}

function needGo(module: string, version: string): void {
  if (!has('go')) throw new Error(`it is built from ${module}@v${version}: apt-get install golang-go`)
}
