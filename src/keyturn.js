#!/usr/bin/env node
// Plain JavaScript that Node 14 can read: an old Node has to get far enough to hand over to a newer one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const OLDEST = { major: 22, minor: 18 };
const built = new URL('../dist/src/cli/main.js', import.meta.url);
const entry = existsSync(built) ? built : new URL('cli/main.ts', import.meta.url);

if (isRecent(process.versions.node)) {
  await import(entry.href);
} else {
  const node = findNode();
  if (node === undefined) {
    const { major, minor } = OLDEST;
    process.stderr.write(`keyturn: needs Node ${major}.${minor} or newer, this is Node ${process.versions.node}; install a newer one from https://nodejs.org\n`);
    process.exitCode = 1;
  } else {
    handOver(node);
  }
}

function isRecent(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);
}

/** The Node that npm has installed along with Keyturn, where there is one for this machine. */
function findNode() {
  try {
    return createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return undefined;
  }
}

function handOver(node) {
  const child = spawn(node, [fileURLToPath(entry), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both, and the service takes a second one as an order to drop everything.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`keyturn: cannot run ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
