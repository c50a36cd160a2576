// Runs before anything is installed: Node's own modules only.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NEEDED_NODE = [20, 12];

/** Installs the packages of package-lock.json where they are missing or other ones; ends the process where it can't. */
export function ensurePackages() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isOld = major < NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor < NEEDED_NODE[1]);
  if (isOld) fail(`Node ${NEEDED_NODE.join('.')} or newer is needed, and this is ${process.versions.node}.`);
  if (isInstalled()) return;
  console.log('  … installing packages (npm ci)');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: ROOT, stdio: 'inherit' });
  if (npm.status !== 0) fail('The packages could not be installed: npm ci failed, and says why above.');
  console.log('  ✓ packages installed');
}

/** Whether what npm says it has installed is what the lock file asks for; optional packages may be left out. */
function isInstalled() {
  const installed = readPackages('node_modules/.package-lock.json');
  if (!installed) return false;
  return Object.entries(readPackages('package-lock.json') ?? {}).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    if (!found) return Boolean(wanted.optional || wanted.devOptional || wanted.peer);
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

function readPackages(file) {
  const path = `${ROOT}${file}`;
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined;
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensurePackages();
