import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import type { Settings } from 'node:http2';
import { describe, it } from 'mocha';
import { FLAG, PREFACE, SETTINGS, TYPE, frameOf, headerBlock } from '../../bench/attack/attacks/frames.ts';
import { assertAnswer } from '../wire/answer.ts';
import { makeUpdate } from '../wire/harness.ts';
import { withBench } from '../wire/rows.ts';
import { metric, openLine, until, untilAtRest } from './fixtures.ts';

const UPDATE = '/keyturn.v1.DeviceKeyService/UpdatePublicKey';
const CALL = headerBlock([
  [':method', 'POST'], [':scheme', 'http'], [':authority', 'a'], [':path', UPDATE], ['content-type', 'application/grpc'], ['te', 'trailers'],
]);
const PING = frameOf(TYPE.ping, 0, 0, Buffer.alloc(8));
const FLOODED = 'keyturn_connections_cut_total{listener="grpc",cause="flood"}';

describe('the limits of gRPC', () => {
  const bench = withBench();
  const port = (): number => bench().service.app.grpc.port;

  it('a message over 1 MiB is RESOURCE_EXHAUSTED', async () => {
    const answer = await bench().send('grpc', { authorization: 'x', body: Buffer.alloc((1 << 20) + 1) });
    assert.equal(answer.status, 8);
  });

  it('streams over 32 at once wait for their turn, and all are answered', async () => {
    const session = connect(`http://127.0.0.1:${port()}`);
    const settings = await new Promise<Settings>((resolve) => {
      session.once('remoteSettings', resolve);
    });
    assert.equal(settings.maxConcurrentStreams, 32);
    const codes = await Promise.all(Array.from({ length: 100 }, () => new Promise<unknown>((resolve) => {
      const stream = session.request({ ':method': 'POST', ':path': UPDATE, 'content-type': 'application/grpc', te: 'trailers' });
      stream.once('response', (headers) => resolve(headers['grpc-status']));
      stream.once('error', resolve);
      stream.resume();
      stream.end(Buffer.alloc(5));
    })));
    assert.deepEqual([...new Set(codes)], ['16']);
    session.destroy();
  });

  const floods: readonly (readonly [string, (round: number) => Buffer])[] = [
    ['pings', () => PING],
    ['settings', () => SETTINGS],
    ['streams that are reset at once', (round) => Buffer.concat([
      frameOf(TYPE.headers, FLAG.endHeaders, 2 * round + 1, CALL), frameOf(TYPE.reset, 0, 2 * round + 1, Buffer.alloc(4)),
    ])],
    ['headers without end', (round) => (round === 0
      ? frameOf(TYPE.headers, 0, 1, CALL)
      : frameOf(TYPE.continuation, 0, 1, headerBlock([['x-a', 'a'.repeat(8_000)]])))],
  ];
  for (const [name, frame] of floods) {
    it(`a flood of ${name} closes its connection, and others work on`, async () => {
      const first = makeUpdate(await bench().device());
      assertAnswer(await bench().sendUpdate('grpc', first), 'OK');
      const line = await openLine(port());
      line.socket.write(Buffer.concat([PREFACE, SETTINGS]));
      for (let round = 0; !line.isClosed() && round < 500_000; ) {
        const block = Array.from({ length: 500 }, (_, index) => frame(round + index));
        round += block.length;
        const isTaken = line.socket.write(Buffer.concat(block));
        // Either way there is something new to see soon.
        await new Promise((resolve) => {
          setTimeout(resolve, isTaken ? 0 : 10);
        });
      }
      await until(line.isClosed, 'the connection is closed');
      assertAnswer(await bench().sendUpdate('grpc', makeUpdate(await bench().device())), 'OK');
    });
  }

  it('messages that never end are bounded together, and so are streams', async () => {
    const before = await metric(bench().service, FLOODED);
    const sessions = Array.from({ length: 100 }, () => connect(`http://127.0.0.1:${port()}`));
    for (const session of sessions) {
      session.on('error', () => {});
      for (let count = 0; count < 30; count += 1) {
        const stream = session.request({ ':method': 'POST', ':path': UPDATE, 'content-type': 'application/grpc', te: 'trailers' }, { endStream: false });
        stream.on('error', () => {});
        if (count < 10) stream.write(Buffer.concat([Buffer.from([0, 0, 15, 0, 0]), Buffer.alloc(60_000)]));
      }
    }
    await until(async () => (await metric(bench().service, FLOODED)) > before, 'some of them are closed');
    assertAnswer(await bench().sendUpdate('grpc', makeUpdate(await bench().device())), 'OK');
    for (const session of sessions) session.destroy();
  });

  it('all that leaves nothing behind', async () => {
    bench().rest[Symbol.dispose]();
    bench().grpc[Symbol.dispose]();
    await untilAtRest(bench().service);
  });
});
