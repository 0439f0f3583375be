/**
 * Makes what package-lock.json says be installed; runs before every public script (`pre…` in package.json). Nothing
 * is installed yet when it runs, so it is plain JavaScript for Node 20 and later, and imports only its own folder.
 *
 * Nothing to do: a fraction of a second. Else one process runs `npm ci` while others wait. Everything it says goes to
 * stderr: stdout belongs to the script that follows.
 */
import { spawn } from 'node:child_process'
import { dirname, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { whatDiffers } from './installed.mjs'
import { missingNode } from './node-binary.mjs'
import { alone } from './one-at-a-time.mjs'

const OLDEST_NODE = 20
const EXIT_INTERRUPTED = 130

/** @param {string} line */
const say = (line) => process.stderr.write(`set-up: ${line}\n`)

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
process.exitCode = await install()

/** @returns {Promise<number>} the exit code */
async function install() {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    say(`Node ${process.versions.node} is too old to begin with: install Node ${OLDEST_NODE} or later.`)
    return 1
  }
  const why = whatDiffers(root)
  if (why !== null) {
    const code = await alone(root, say, async (owner) => {
      // Whoever had it before us may have done the work.
      const stillWhy = whatDiffers(root)
      return stillWhy === null ? 0 : npmCi(stillWhy, owner)
    })
    if (code !== 0) return code
  }
  const missing = missingNode(root)
  if (missing === null) return 0
  say(missing)
  return 1
}

/**
 * @param {string} why
 * @param {import('./one-at-a-time.mjs').Owner} owner
 * @returns {Promise<number>}
 */
function npmCi(why, owner) {
  // Windows can't delete a program that runs, and npm ci deletes node_modules.
  if (process.platform === 'win32' && inside(process.execPath)) {
    say(`${why}. Run: npm ci --ignore-scripts`)
    return Promise.resolve(1)
  }
  say(`${why}: npm ci`)
  const began = Date.now()
  const { command, args } = npm()
  // Warnings are left out: npm sees the machine's Node, while everything will run on the one it is about to install.
  const child = spawn(command, [...args, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    // npm's own progress is kept off stdout.
    stdio: ['ignore', 2, 2],
    env: withoutWorkspace(process.env),
  })
  if (child.pid !== undefined) owner.alsoAlive(child.pid)

  let interrupted = false
  /** @param {NodeJS.Signals} signal */
  const pass = (signal) => {
    interrupted = true
    child.kill(signal)
  }
  process.on('SIGINT', pass)
  process.on('SIGTERM', pass)
  return new Promise((done) => {
    child.on('error', (error) => {
      say(`npm could not be started (${error.message}). Is it installed?`)
      done(1)
    })
    child.on('close', (code) => {
      process.off('SIGINT', pass)
      process.off('SIGTERM', pass)
      if (interrupted) {
        say('interrupted; the next run begins anew.')
        return done(EXIT_INTERRUPTED)
      }
      if (code === 0) say(`installed in ${((Date.now() - began) / 1000).toFixed(1)} s`)
      else say(`npm ci failed (exit code ${code}); its message is above. By hand: npm ci --ignore-scripts`)
      done(code ?? 1)
    })
  })
}

/** The npm that runs us, and not on a Node that lies in the folder it is about to delete. */
function npm() {
  const cli = process.env.npm_execpath
  if (cli === undefined) return { command: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [] }
  const own = process.env.npm_node_execpath
  return { command: own !== undefined && !inside(own) ? own : process.execPath, args: [cli] }
}

/** @param {string} path */
function inside(path) {
  return path.startsWith(resolve(root, 'node_modules') + sep)
}

/**
 * `npm run … -w x` hands its workspace on by the environment; npm ci would then install only that one.
 * @param {NodeJS.ProcessEnv} env
 */
function withoutWorkspace(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^npm_config_workspaces?$/i.test(name)))
}
