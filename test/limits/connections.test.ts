import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { assertAnswer } from '../wire/answer.ts';
import { UPDATE, makeUpdate } from '../wire/harness.ts';
import type { Update } from '../wire/harness.ts';
import { withBench } from '../wire/rows.ts';
import { metric, openLine, until } from './fixtures.ts';
import type { RawLine } from './fixtures.ts';

const MOST = 16;

const LIST = ['GET /v1/projects HTTP/1.1', 'Host: a', `Authorization: Bearer ${OPERATOR_TOKEN}`, '', ''].join('\r\n');

function rotation({ jwt, pop }: Update): string {
  const body = JSON.stringify({ pop });
  return [`POST ${UPDATE} HTTP/1.1`, 'Host: a', `Authorization: ${jwt}`, 'Content-Type: application/json', `Content-Length: ${body.length}`, '', body].join('\r\n');
}

function answersOf(line: RawLine): number {
  return line.text().split('HTTP/1.1 200 OK').length - 1;
}

describe('connections beyond the most', () => {
  const bench = withBench({ KEYTURN_CONNECTIONS: String(MOST) });
  const port = (): number => bench().service.app.http.port;
  const openMany = (count: number): Promise<RawLine[]> => Promise.all(Array.from({ length: count }, () => openLine(port())));

  it('push out those that have waited longest, never one with a call in flight, and last one that has proven itself', async () => {
    const update = makeUpdate(await bench().device());
    bench().rest[Symbol.dispose]();
    const proven = await openLine(port());
    proven.socket.write(LIST);
    await until(() => answersOf(proven) === 1, 'the operator is answered');
    const locked = await bench().sql.connect();
    await locked.query('begin');
    await locked.query('select 1 from device where device_id = $1 for update', [update.device.id]);
    const working = await openLine(port());
    working.socket.write(rotation(update));
    await until(async () => (await metric(bench().service, 'keyturn_calls_in_flight')) === 1, 'the rotation waits for its row');
    const idle = await openMany(MOST);
    await until(() => idle.filter((line) => line.isClosed()).length >= 2, 'the first of the idle ones have gone');
    const more = await openMany(2 * MOST);
    await until(() => idle.every((line) => line.isClosed()), 'all older idle ones have gone');
    assert.deepEqual([proven.isClosed(), working.isClosed(), more.at(-1)?.isClosed()], [false, false, false]);
    assert.ok((await metric(bench().service, 'keyturn_connections{listener="http"}')) <= MOST);
    assert.ok((await metric(bench().service, 'keyturn_connections_cut_total{listener="http",cause="evicted"}')) >= 2 * MOST);
    await locked.query('rollback');
    locked.release();
    await until(() => answersOf(working) === 1, 'the rotation is answered');
    proven.socket.write(LIST);
    await until(() => answersOf(proven) === 2, 'the operator is answered again');
    for (const { socket } of [proven, working, ...more]) socket.destroy();
  });

  it('do not keep a device out that comes anew', async () => {
    const update = makeUpdate(await bench().device());
    const idle = await openMany(3 * MOST);
    assertAnswer(await bench().sendUpdate('rest', update), 'OK');
    for (const { socket } of idle) socket.destroy();
  });
});
