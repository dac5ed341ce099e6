import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Bench, makeUpdate } from '../wire/harness.ts';
import { askKeySet, basic, shown, verified } from '../wire/tokens/checks.ts';
import { authenticationJwt } from '../wire/tokens/kit.ts';
import { operatorOf, runHere } from './keyturn.ts';
import type { Ended } from './keyturn.ts';

describe('keyturn for those who check devices', () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.start();
  });
  after(() => bench[Symbol.asyncDispose]());

  const run = (...args: string[]): Promise<Ended> => runHere(args, operatorOf(bench.service));

  it('prints the key set of a device as REST has it', async () => {
    const device = await bench.device();
    assert.equal((await bench.sendUpdate('rest', makeUpdate(device))).status, 200);
    for (const args of [['--jwks'], ['--jwks', '--json']]) {
      const { code, stdout, stderr } = await run('device', 'keys', device.id, ...args);
      assert.deepEqual([code, stderr], [0, '']);
      assert.deepEqual(JSON.parse(stdout), JSON.parse((await askKeySet(bench, 'rest', device.id)).body));
    }
    await bench.operator('POST', `/v1/devices/${device.id}:freeze`);
    assert.deepEqual(JSON.parse((await run('device', 'keys', device.id, '--jwks')).stdout), { keys: [] });
    const { code, stdout, stderr } = await run('device', 'keys', 'nobody', '--jwks');
    assert.deepEqual([code, stdout, stderr], [3, '', 'keyturn: There is no such device. (DEVICE_NOT_FOUND)\n']);
  });

  it('makes access keys that may check, and nothing else', async () => {
    const device = await bench.device();
    const { stdout } = await run('access-key', 'add', '--action', 'keyturn:devices:verifyJwt', 'keyturn:devices:getKeySet', '--json');
    const { access_key: name, secret_key: secretKey } = JSON.parse(stdout) as { access_key: string; secret_key: string };
    const authorization = basic(`${name}:${secretKey}`);
    assert.deepEqual(await verified(bench, authenticationJwt(device), authorization), shown(device, true));
    assert.equal((await askKeySet(bench, 'grpc', device.id, { authorization })).status, 0);
    assert.match((await run('access-key', 'list')).stdout, new RegExp(`^${name} +default +keyturn:devices:verifyJwt keyturn:devices:getKeySet`, 'm'));
    assert.notEqual((await run('access-key', 'add', '--action', 'keyturn:devices:register')).code, 0);
  });

  it('names what they may do in its help', async () => {
    const { stdout } = await run('access-key', 'add', '--help');
    for (const action of ['keyturn:devices:verifyJwt', 'keyturn:devices:getKeySet']) assert.ok(stdout.replaceAll(/\s+/g, ' ').includes(action), action);
    assert.match((await run('device', 'keys', '--help')).stdout, /--jwks/);
  });
});
