import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import { operate } from '../support/iotda.ts';
import { withWorkplace } from './workplace.ts';

const PROGRAM = fileURLToPath(new URL('../../examples/huaweicloud_sdk/reset_secret.mjs', import.meta.url));
const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

describe("the example with the vendor's SDK", () => {
  const { folder, service } = withWorkplace();

  it('resets the secret of a device', async () => {
    await operate(service(), 'POST', '/v1/devices', { device_id: 'thermo-01' });
    writeFileSync(join(folder, 'access_key.json'), JSON.stringify(await operate(service(), 'POST', '/v1/access-keys', { project_id: 'default' })));
    const env = { PATH: process.env['PATH'], HOME: folder };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [PROGRAM, 'access_key.json', 'thermo-01', service().url], { env, cwd: folder });
    assert.match(stdout, /^the secret of thermo-01 is now [0-9a-f]{32}\n$/);
    assert.equal(stderr, '');
    assert.deepEqual(readdirSync(folder).toSorted(), ['.huaweicloud', 'access_key.json']);
  });

  it('is what README shows', () => {
    const shown = /```js\n([^]*?)```/.exec(README)?.[1] ?? assert.fail('README shows no JavaScript');
    const program = readFileSync(PROGRAM, 'utf8');
    for (const line of shown.trim().split('\n')) assert.ok(program.includes(line), line);
  });
});
