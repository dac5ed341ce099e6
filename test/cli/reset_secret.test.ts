import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { Pool } from 'pg';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { secretsOf, storedResetOf } from '../wire/resets.ts';
import { keyturn, operatorOf, runHere } from './keyturn.ts';
import type { Ended } from './keyturn.ts';

describe('keyturn reset-secret', () => {
  let service: TestService;
  let sql: Pool;
  let folder: string;
  before(async () => {
    service = await startService();
    sql = new Pool({ connectionString: service.databaseUrl, max: 1 });
    folder = await mkdtemp(join(tmpdir(), 'keyturn-cli-'));
    for (const args of [['device', 'add', 'd-1'], ['project', 'add', 'Plant', '--id', 'plant'], ['device', 'add', 'd-2', '--project', 'plant']]) {
      assert.equal((await runHere(args, operatorOf(service))).code, 0);
    }
  });
  after(async () => {
    await sql.end();
    await service[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const run = (...args: string[]): Promise<Ended> => runHere(['reset-secret', ...args], operatorOf(service));

  it('generates a primary secret and prints it once', async () => {
    const { code, stdout, stderr } = await run('d-1');
    const [, secret] = /^device_id {4}d-1\nsecret {7}([0-9a-f]{32})\nsecret_type {2}PRIMARY\n$/.exec(stdout) ?? [];
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(await secretsOf(sql, 'd-1'), { PRIMARY: secret });
    assert.equal(stdout.split(secret ?? '-').length, 2);
  });

  it('prints JSON with the members of the REST API, resets the secondary secret, and in another project', async () => {
    const { code, stdout } = await run('d-2', '--project', 'plant', '--secondary', '--json');
    const answer = JSON.parse(stdout) as Record<string, string>;
    assert.deepEqual([code, Object.keys(answer), answer['secret_type']], [0, ['device_id', 'secret', 'secret_type'], 'SECONDARY']);
    assert.deepEqual(await secretsOf(sql, 'd-2'), { SECONDARY: answer['secret'] });
  });

  it('takes a secret from a file and from stdin, with a line end or without', async () => {
    for (const [index, end] of ['', '\n', '\r\n'].entries()) {
      await writeFile(join(folder, 'secret'), `from_file-${index}${end}`);
      assert.equal((await run('d-1', '--secret-file', join(folder, 'secret'))).code, 0);
      assert.equal((await secretsOf(sql, 'd-1')).PRIMARY, `from_file-${index}`);
    }
    const piped = await keyturn(['reset-secret', 'd-1', '--secret-file', '-', '--secondary'], { environment: operatorOf(service), stdin: 'from-stdin\n' });
    assert.deepEqual([piped.code, piped.stderr, (await secretsOf(sql, 'd-1')).SECONDARY], [0, '', 'from-stdin']);
  });

  it('sends nothing that cannot be a secret, and does not show it', async () => {
    const kept = await secretsOf(sql, 'd-1');
    for (const content of ['', '\n', 'short', 'a'.repeat(33), 'two\nlines-here', ' abcd1234', '-----BEGIN PRIVATE KEY-----\nhush\n']) {
      await writeFile(join(folder, 'secret'), content);
      const { code, stdout, stderr } = await run('d-1', '--secret-file', join(folder, 'secret'));
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /^keyturn: \S+\/secret should hold a secret of 8 to 32 characters of A-Za-z0-9_-, and nothing else; it was not sent\n$/);
    }
    const absent = await run('d-1', '--secret-file', join(folder, 'absent'));
    assert.equal(absent.code, 2);
    assert.match(absent.stderr, /^keyturn: cannot read the secret: ENOENT/);
    assert.deepEqual(await secretsOf(sql, 'd-1'), kept);
  });

  it('has no option for a secret on the command line', async () => {
    const { code, stderr } = await run('d-1', '--secret', 'hush-hush');
    assert.equal(code, 2);
    assert.match(stderr, /unknown option '--secret'/);
  });

  it('gives the answer of an earlier run again for its key, and says so', async () => {
    const first = await run('d-1', '--idempotency-key', 'key-1', '--json');
    const again = await run('d-1', '--idempotency-key', 'key-1', '--json');
    assert.deepEqual([again.code, again.stdout], [0, first.stdout]);
    assert.match(again.stderr, /^keyturn: this was done by an earlier run/);
    assert.equal(first.stderr, '');
    const other = await run('d-1', '--idempotency-key', 'key-1', '--secondary');
    assert.deepEqual([other.code, other.stdout, other.stderr], [3, '', 'keyturn: Invalid input data. (IOTDA_IDEMPOTENCY_CONFLICT)\n']);
    for (const key of ['', 'a b', 'kéy', 'k'.repeat(256)]) assert.equal((await run('d-1', '--idempotency-key', key)).code, 2);
  });

  it('closes the session by force', async () => {
    assert.equal((await run('d-2', '--project', 'plant', '--force-disconnect')).code, 0);
    assert.equal((await storedResetOf(sql, 'd-2')).events.at(-1), 'session.close');
  });

  it('tells a refusal with its reason', async () => {
    for (const [args, stderr] of [
      [['nobody'], 'keyturn: The device does not exist. (IOTDA_DEVICE_NOT_FOUND)\n'],
      [['d-2'], 'keyturn: The device does not exist. (IOTDA_DEVICE_NOT_FOUND)\n'],
      [['d-1', '--project', 'nowhere'], 'keyturn: Operation not allowed. The user does not have the permission (IOTDA_PERMISSION_DENIED)\n'],
      [['d.1'], 'keyturn: Invalid input data. (IOTDA_INPUT_INVALID)\n  device_id: expects 1 to 128 characters of A-Za-z0-9_-\n'],
    ] as const) {
      const ended = await run(...args);
      assert.deepEqual([ended.code, ended.stdout, ended.stderr], [3, '', stderr]);
    }
  });

  it('names the key to repeat with when the outcome is unknown, and that gets the answer', async () => {
    await using lossy = await startLossy(service.grpc);
    const lost = await runHere(['reset-secret', 'd-1'], { ...operatorOf(service), KEYTURN_SERVER: lossy.address });
    assert.deepEqual([lost.code, lost.stdout], [1, '']);
    const [, key] = /whether the secret was reset is unknown; run the same command again with --idempotency-key '([0-9a-f-]{36})'/.exec(lost.stderr) ?? [];
    assert.ok(key, lost.stderr);
    const { PRIMARY: secret } = await secretsOf(sql, 'd-1');
    const again = await run('d-1', '--idempotency-key', key, '--json');
    assert.equal((JSON.parse(again.stdout) as { secret: string }).secret, secret);
    assert.match(again.stderr, /earlier run/, 'it had been done');
  });

  it('works at the operator listener', async () => {
    await using other = await startService({ settings: { KEYTURN_OPERATOR_LISTEN: '127.0.0.1:0' } });
    const environment = { ...operatorOf(other), KEYTURN_SERVER: other.operator };
    assert.equal((await runHere(['device', 'add', 'd-1'], environment)).code, 0);
    assert.equal((await runHere(['reset-secret', 'd-1'], environment)).code, 0);
    assert.equal((await runHere(['reset-secret', 'd-1'], operatorOf(other))).code, 3, 'elsewhere its token does not count');
    assert.match((await runHere(['issuer', 'list'], operatorOf(other))).stderr, / is Keyturn, but not its operator listener; give the address in its KEYTURN_OPERATOR_LISTEN\n$/);
  });
});

/** A door to a service that lets calls in, and ends the connection in place of the first answer to one. */
async function startLossy(target: string): Promise<AsyncDisposable & { readonly address: string }> {
  const [host, port] = target.split(':');
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    let sent = 0;
    for (const socket of [client, upstream]) open.add(socket.on('error', () => {}));
    client.on('data', (chunk: Buffer) => {
      sent += chunk.length;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      // Settings and their acknowledgement come before anything is asked.
      if (sent > 200 && chunk.length > 60) client.destroy();
      else client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
