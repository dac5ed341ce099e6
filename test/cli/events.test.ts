import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'mocha';
import type { ChildProcess } from 'node:child_process';
import { freePort } from '../support/free_port.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { eventually } from '../faults/fixtures/child.ts';
import { keyturn, operatorOf, start } from './keyturn.ts';

const open = new Set<ChildProcess>();

function tokenIn(text: string): string {
  return /^resume token: (\S+)\n$/m.exec(text)?.[1] ?? assert.fail(text);
}

/** A command line that goes on until a test ends it. */
class Watch {
  readonly #child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #code: Promise<number | null>;

  constructor(service: TestService, args: readonly string[] = []) {
    this.#child = start(['events', 'watch', ...args], { environment: operatorOf(service) });
    open.add(this.#child);
    this.#child.stdout?.on('data', (chunk: Buffer) => void (this.stdout += String(chunk)));
    this.#child.stderr?.on('data', (chunk: Buffer) => void (this.stderr += String(chunk)));
    this.#code = new Promise((resolve) => {
      this.#child.once('close', resolve);
    });
  }

  lines(): string[] {
    return this.stdout.split('\n').slice(0, -1);
  }

  async seen(count: number): Promise<string[]> {
    await eventually(() => assert.ok(this.lines().length >= count, this.stderr));
    return this.lines();
  }

  /** Ctrl-C, and its exit code. */
  end(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    this.#child.kill(signal);
    return this.#code;
  }

  closeOutput(): Promise<number | null> {
    this.#child.stdout?.destroy();
    return this.#code;
  }
}

describe('keyturn events watch', () => {
  let own: TestDatabase;
  let port: number;
  let service: TestService;
  const begin = (): Promise<TestService> => startService({ database: own, settings: { KEYTURN_GRPC_LISTEN: `127.0.0.1:${port}` } });
  before(async () => {
    own = await createDatabase();
    port = await freePort();
    service = await begin();
  });
  after(async () => {
    for (const child of open) child.kill('SIGKILL');
    await service[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
  const create = async (id: string): Promise<void> => {
    const answer = await fetch(`${service.url}/v1/devices`, { method: 'POST', headers: { Authorization: `Bearer ${OPERATOR_TOKEN}`, 'Content-Type': 'application/json' }, body: JSON.stringify({ device_id: id }) });
    assert.equal(answer.status, 200);
  };

  /** Resolves when the service has so many streams. */
  const watched = (count: number): Promise<void> =>
    eventually(async () => {
      const metrics = await fetch(`${service.url}/metrics`).then((response) => response.text());
      assert.match(metrics, new RegExp(`^keyturn_streams ${count}$`, 'm'));
    });

  it('prints a line an event until Ctrl-C, and then where to go on', async () => {
    await create('cli-1');
    const first = new Watch(service, ['--from-start']);
    const [line = ''] = await first.seen(1);
    assert.match(line, /^\d{4}-\d\d-\d\dT[0-9:.]+Z {2}device\.created {2}default {2}cli-1$/);
    assert.equal(await first.end(), 0);
    assert.equal(first.stderr.split('\n').length, 2);
    await create('cli-2');
    const second = new Watch(service, ['--resume-token', tokenIn(first.stderr), '--json']);
    const event = JSON.parse((await second.seen(1))[0] ?? '') as Record<string, unknown>;
    assert.deepEqual([event['device_id'], event['type'], event['payload']], ['cli-2', 'device.created', {}]);
    assert.equal(await second.end('SIGTERM'), 0);
    assert.equal(second.lines().length, 1);
    assert.equal(tokenIn(second.stderr), event['resume_token']);
  });

  it('shows those of one device or project alone', async () => {
    const [device, project] = [new Watch(service, ['--from-start', '--device', 'cli-3']), new Watch(service, ['--from-start', '--project', 'none'])];
    await create('cli-3');
    assert.match((await device.seen(1))[0] ?? '', /cli-3$/);
    await watched(2);
    assert.deepEqual(await Promise.all([device.end(), project.end()]), [0, 0]);
    assert.deepEqual([device.lines().length, project.stdout], [1, '']);
  });

  it('goes on by itself where it was when the service is restarted', async () => {
    const [seeing, late] = [new Watch(service, ['--from-start', '--json']), new Watch(service)];
    const earlier = (await seeing.seen(3)).length;
    // It has begun when it sees one of these.
    await eventually(async () => {
      await create(`probe-${performance.now()}`);
      assert.ok(late.lines().length > 0);
    });
    await service[Symbol.asyncDispose]();
    await eventually(() => assert.match(late.stderr, /trying again in 0\.25 s\n/));
    await eventually(() => assert.match(seeing.stderr, /trying again in 0\.5 s\n/));
    service = await begin();
    await create('cli-5');
    const all = (await eventually(() => {
      assert.match(seeing.stdout, /"device_id":"cli-5"/);
      return seeing.lines();
    })).map((line) => (JSON.parse(line) as { event_id: string }).event_id);
    await eventually(() => assert.match(late.stdout, /cli-5\n/));
    assert.equal(new Set(all).size, all.length, 'nothing twice');
    assert.ok(all.length > earlier);
    assert.deepEqual(await Promise.all([seeing.end(), late.end()]), [0, 0]);
  });

  it('misses nothing that happens while the service is away, seen before or not', async () => {
    const away = new Watch(service, ['--device', 'cli-6', '--json']);
    await watched(1);
    // Its head is on the way.
    await sleep(200);
    const other = await startService({ database: own });
    await service[Symbol.asyncDispose]();
    await eventually(() => assert.match(away.stderr, /trying again/));
    const answer = await fetch(`${other.url}/v1/devices`, { method: 'POST', headers: { Authorization: `Bearer ${OPERATOR_TOKEN}`, 'Content-Type': 'application/json' }, body: '{"device_id":"cli-6"}' });
    assert.equal(answer.status, 200);
    await other[Symbol.asyncDispose]();
    service = await begin();
    assert.match((await away.seen(1))[0] ?? '', /"device_id":"cli-6"/);
    assert.equal(await away.end(), 0);
  });

  it('ends while it waits for the service, too, and when nobody reads any more', async () => {
    const [waiting, closed] = [new Watch(service, ['--from-start']), new Watch(service, ['--from-start'])];
    await Promise.all([waiting.seen(1), closed.seen(1)]);
    const ends = closed.closeOutput();
    await create('cli-7');
    await create('cli-8');
    assert.equal(await ends, 0);
    await service[Symbol.asyncDispose]();
    await eventually(() => assert.match(waiting.stderr, /trying again in 4 s\n/));
    assert.equal(await waiting.end(), 0);
    tokenIn(waiting.stderr);
    service = await begin();
  });

  it('fails at once if the service is away from the start, refuses the token, or the resume token', async () => {
    const environment = operatorOf(service);
    const away = await keyturn(['events', 'watch'], { environment: { ...environment, KEYTURN_SERVER: `127.0.0.1:${await freePort()}` } });
    assert.deepEqual([away.code, away.stdout], [1, '']);
    assert.match(away.stderr, /^keyturn: cannot reach Keyturn/);
    const stranger = await keyturn(['events', 'watch'], { environment: { ...environment, KEYTURN_OPERATOR_TOKEN: 'not-the-operators-token' } });
    assert.equal(stranger.code, 3);
    const foreign = await keyturn(['events', 'watch', '--resume-token', 'x'], { environment });
    assert.deepEqual([foreign.code, foreign.stdout], [3, '']);
    assert.match(foreign.stderr, /^keyturn: .*\n  resume_token: expects the resume_token of an event of this database\n$/, 'and it is not told as one to go on with');
  });
});
