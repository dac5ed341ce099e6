import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { widthOf } from '../../src/cli/text_width.ts';
import { describeWith } from '../support/machine.ts';
import { execute } from '../support/postgres.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { LAUNCHER, ended, keyturn, operatorOf, runHere, start } from './keyturn.ts';
import { NO_TERMINAL, onTerminal, plainLines } from './terminal.ts';

const COMMAND = `${process.execPath} ${LAUNCHER}`;
const [YELLOW, RED] = ['\u001b[33m', '\u001b[31m'];

let service: TestService;

async function withDevices(): Promise<void> {
  service = await startService();
  for (const id of ['pump-7', 'pump-8']) assert.equal((await runHere(['device', 'add', id], operatorOf(service))).code, 0);
  assert.equal((await runHere(['project', 'add', '水泵 '.repeat(30), '--id', 'wide'], operatorOf(service))).code, 0);
  assert.equal((await runHere(['device', 'freeze', 'pump-8'], operatorOf(service))).code, 0);
}

function shown(args: string, columns = 80, environment: Record<string, string> = {}): Promise<{ code: number | null; output: string }> {
  return onTerminal(`${COMMAND} ${args}`, { environment: { ...operatorOf(service), ...environment }, columns });
}

describeWith(NO_TERMINAL, 'keyturn on a terminal', () => {
  before(withDevices);
  after(() => service[Symbol.asyncDispose]());

  it('prints no table that is wider, and none of its ids broken', async () => {
    for (const [columns, args] of [[20, 'device list'], [80, 'device list'], [80, 'audit list'], [40, 'project list']] as const) {
      const { code, output } = await shown(args, columns);
      const lines = plainLines(output);
      assert.equal(code, 0);
      for (const line of lines) assert.ok(widthOf(line) <= columns || !line.includes(' '), line);
      if (args === 'device list') assert.ok(['pump-7', 'pump-8'].every((id) => lines.some((line) => line.split(/ +/).includes(id))), output);
    }
  });

  it('prints the same table into a pipe whatever the terminal, and never shortens it', async () => {
    const { stdout } = await keyturn(['device', 'list'], { environment: operatorOf(service) });
    const piped = await shown('device list | cat', 30);
    assert.equal(plainLines(piped.output).join('\n'), stdout);
    assert.ok(plainLines((await shown('device list --json', 30)).output).join('').includes('"key_thumbprint"'));
  });

  it('shows states in colours, unless NO_COLOR or the terminal forbids it', async () => {
    assert.ok((await shown('device list')).output.includes(`${YELLOW}FROZEN`));
    assert.ok((await shown('device show pump-8')).output.includes(`${YELLOW}FROZEN`));
    for (const environment of [{ NO_COLOR: '1' }, { TERM: 'dumb' }, { FORCE_COLOR: '0' }]) {
      const { output } = await shown('device list', 80, environment);
      assert.ok(output.includes('FROZEN') && !output.includes('\u001b['), JSON.stringify(environment));
    }
  });

  it('shows what went wrong in red', async () => {
    const { code, output } = await shown('device show none');
    assert.equal(code, 3);
    assert.ok(output.startsWith(`${RED}keyturn:`), output);
    assert.ok(!(await shown('device show none --json')).output.includes('\u001b['));
  });

  it('draws how far long work is, and erases that', async () => {
    await execute(service.databaseUrl, 'truncate device_secret, access_key, idempotency_record');
    const { code, output } = await shown('keyring reencrypt', 60);
    assert.equal(code, 0, output);
    assert.equal(output.trimEnd().split('\r').at(-1), 'nothing was to be done: the active master key has encrypted all there is');
  });

  it('folds help', async () => {
    const { output } = await shown('device add --help', 60);
    const options = plainLines(output).filter((line) => !line.includes('$'));
    for (const line of options) assert.ok(line.length <= 60, line);
  });
});

describe('keyturn in a pipe', () => {
  before(withDevices);
  after(() => service[Symbol.asyncDispose]());

  it('has no colours but where FORCE_COLOR asks for them', async () => {
    const plain = await runHere(['device', 'show', 'pump-8'], operatorOf(service));
    assert.ok(!plain.stdout.includes('\u001b['));
    const forced = await runHere(['device', 'show', 'pump-8'], { ...operatorOf(service), FORCE_COLOR: '1' });
    assert.ok(forced.stdout.includes(`${YELLOW}FROZEN`));
    const json = await runHere(['device', 'show', 'pump-8', '--json'], { ...operatorOf(service), FORCE_COLOR: '1' });
    assert.equal((JSON.parse(json.stdout) as { state: string }).state, 'FROZEN');
  });

  it('ends well when its reader has seen enough', async () => {
    const env = { ...operatorOf(service), PATH: process.env['PATH'] };
    const child = spawn('sh', ['-c', `{ ${COMMAND} audit list --limit 1000 --json; echo "ended with $?" >&2; } | head -1`], { env });
    const { stdout, stderr } = await ended(child);
    assert.deepEqual([stdout, stderr], ['{\n', 'ended with 0\n']);
  });

  it('is ended by the signal that it gets, which shells show as 130 and 143', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const connected = once(server, 'connection') as Promise<[Socket]>;
      const child = start(['device', 'list', '--server', `127.0.0.1:${port}`], { environment: { KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN } });
      const end = ended(child);
      // It waits for an answer that does not come.
      const [socket] = await connected;
      child.kill(signal);
      const { code, signal: by, stdout, stderr } = await end;
      socket.destroy();
      assert.deepEqual([code, by, stdout, stderr], [null, signal, '', '']);
    }
    server.close();
  });
});
