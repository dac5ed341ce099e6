import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createDatabase, stopServer } from '../support/postgres.ts';
import { MASTER_KEYS, OPERATOR_TOKEN } from '../support/service.ts';

/** Runs an installed `keyturn serve`, whose path is given, on a server of this checkout, and looks at its pages of the contract. */
async function main(command: string): Promise<void> {
  const database = await createDatabase();
  const service = spawn(process.execPath, [command, 'serve'], {
    env: {
      KEYTURN_DATABASE_URL: database.url, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS,
      KEYTURN_HTTP_LISTEN: '127.0.0.1:0', KEYTURN_GRPC_LISTEN: '127.0.0.1:0', KEYTURN_LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(service, 'exit');
  try {
    const [ready] = (await Promise.race([once(createInterface(service.stdout), 'line'), ended.then(() => [''])])) as [string];
    const url = /http=(\S+)/.exec(ready)?.[1];
    assert.ok(url, 'it is ready');
    await look(url);
  } finally {
    service.kill();
    await ended;
    await database[Symbol.asyncDispose]();
    await stopServer();
  }
}

async function look(url: string): Promise<void> {
  const document = await fetch(`${url}/openapi.json`);
  assert.equal(document.status, 200);
  assert.equal(await document.text(), readFileSync(new URL('../../gen/openapi.json', import.meta.url), 'utf8'));
  const page = await fetch(`${url}/docs`);
  assert.equal(page.status, 200);
  const files = Array.from((await page.text()).matchAll(/"(docs\/[^"]+)"/g), ([, file]) => file);
  assert.ok(files.some((file) => file?.startsWith('docs/swagger-ui-bundle.js')));
  for (const file of files) assert.equal((await fetch(`${url}/${file}`)).status, 200, file);
  process.stdout.write(`/openapi.json, /docs and its ${files.length} links to files are served by the installed package\n`);
}

await main(process.argv[2] ?? '');
