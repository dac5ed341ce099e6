import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'mocha';
import type { Environment } from '../../src/config/index.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { ended, keyturn, LAUNCHER, operatorOf, start } from './keyturn.ts';

describe('keyturn, when something is wrong', () => {
  let service: TestService;
  let folder: string;

  before(async () => {
    service = await startService();
    folder = await mkdtemp(join(tmpdir(), 'keyturn-cli-'));
  });

  after(async () => {
    await service[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const fails = async (args: readonly string[], environment: Environment, code: number, stderr: RegExp): Promise<void> => {
    const result = await keyturn(args, { environment, cwd: folder });
    assert.match(result.stderr, stderr);
    assert.doesNotMatch(result.stderr, /^ +at /m);
    assert.deepEqual([result.code, result.stdout], [code, '']);
  };

  it('tells where it looked for a service that is away', async () => {
    const message = /^keyturn: cannot reach Keyturn at 127\.0\.0\.1:1; is it running\? \(keyturn serve\)\n$/;
    await Promise.all([
      fails(['device', 'list'], { ...operatorOf(service), KEYTURN_SERVER: '127.0.0.1:1' }, 1, message),
      fails(['device', 'list', '--server', '127.0.0.1:1'], operatorOf(service), 1, message),
    ]);
  });

  it('tells a listener of another kind from an absent one', async () => {
    const server = `127.0.0.1:${service.app.http.port}`;
    await fails(['device', 'list', '--server', server], operatorOf(service), 1, /^keyturn: \S+ does not speak gRPC;/);
  });

  it('tells where a token that is not accepted was taken from', async () => {
    const environment = { KEYTURN_SERVER: service.grpc, KEYTURN_DATA_DIR: folder };
    const wrong = 'wrong-token-of-the-tests';
    await writeFile(join(folder, 'operator.token'), `${wrong}\n`);
    const given = { ...environment, KEYTURN_OPERATOR_TOKEN: wrong };
    await Promise.all([
      fails(['device', 'list'], environment, 3, /^keyturn: \S+ does not accept the operator token from \/.*\/operator\.token;/),
      fails(['device', 'list'], given, 3, /the operator token from KEYTURN_OPERATOR_TOKEN;/),
      fails(['device', 'list', '--token-file', 'operator.token'], operatorOf(service), 3, /the operator token from operator\.token;/),
    ]);
  });

  it('finds the token in the data folder and in a given file', async () => {
    await writeFile(join(folder, 'operator.token'), `${OPERATOR_TOKEN}\n`);
    const environment = { KEYTURN_SERVER: service.grpc };
    const results = await Promise.all([
      keyturn(['project', 'list'], { environment: { ...environment, KEYTURN_DATA_DIR: folder } }),
      keyturn(['project', 'list', '--token-file', 'operator.token'], { environment, cwd: folder }),
    ]);
    for (const { code, stderr } of results) assert.deepEqual([code, stderr], [0, '']);
  });

  it('does not start without a token', async () => {
    const environment = { KEYTURN_SERVER: service.grpc };
    await writeFile(join(folder, 'bad.token'), 'a b');
    const absent = /^keyturn: cannot read the operator token: ENOENT.*data\/operator\.token'; set KEYTURN_DATA_DIR/;
    await Promise.all([
      fails(['device', 'list'], environment, 2, absent),
      fails(['device', 'list', '--token-file', 'bad.token'], environment, 2, /^keyturn: bad\.token does not hold an operator token;/),
    ]);
  });

  it('names each field that the service does not take', async () => {
    const message = /^keyturn: The request is not in the expected form\. \(INVALID_ARGUMENT\)\n {2}device_id: expects 1 to 128 characters of A-Za-z0-9\._-\n {2}scopes\S*: expects .*\n$/;
    await fails(['device', 'add', 'a b', '--scope', '"'], operatorOf(service), 3, message);
  });

  it('gives the reason of a refusal', async () => {
    await Promise.all([
      fails(['device', 'show', 'x'], operatorOf(service), 3, /^keyturn: There is no such device\. \(DEVICE_NOT_FOUND\)\n$/),
      fails(['device', 'add', 'x', '--project', 'y'], operatorOf(service), 3, /^keyturn: There is no such project\. \(PROJECT_NOT_FOUND\)\n$/),
    ]);
  });

  it('takes no offence at a reader that has left', async () => {
    const child = start(['project', 'list', '--json'], { environment: operatorOf(service) });
    child.stdout?.destroy();
    const { code, stderr } = await ended(child);
    assert.deepEqual([code, stderr], [0, '']);
  });

  it('says so if the output cannot be written', async function () {
    if (platform() !== 'linux') this.skip();
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [LAUNCHER, '--version'], { env: {}, stdio: ['ignore', full, 'pipe'] });
    const { code, stderr } = await ended(child);
    closeSync(full);
    assert.deepEqual([code, stderr], [1, 'keyturn: cannot write the output: ENOSPC: no space left on device, write\n']);
  });
});
