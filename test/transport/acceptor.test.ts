import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { afterEach, describe, it } from 'mocha';
import { eventually, pause } from '../faults/fixtures/child.ts';
import { issue } from '../support/certificates.ts';
import { Acceptor } from '../../src/transport/acceptor.ts';
import type { Connection } from '../../src/transport/connection.ts';
import type { TlsMaterial } from '../../src/tls_files.ts';
import { tcp, tls, untilEnd } from './fixtures/sockets.ts';

const OWN = issue();
const TLS: TlsMaterial = { cert: OWN.cert, key: OWN.key, ca: undefined, notAfter: new Date() };
const TRUST = { ca: OWN.cert };
/** Connects and resets many times, in a process of its own, so that nobody accepts meanwhile. */
const RESETS = `const { connect } = require('node:net'); let open = 40;
for (let n = 0; n < 40; n += 1) { const s = connect(Number(process.argv[1]), '127.0.0.1', () => { s.resetAndDestroy(); if (--open === 0) process.exit(0); }); s.on('error', () => {}); }`;

const tlsTrusting = (port: number) => tls(port, TRUST);

for (const material of [undefined, TLS]) {
  describe(`connections ${material === undefined ? 'without' : 'with'} TLS`, () => {
    const started: Acceptor[] = [];
    afterEach(() => Promise.all(started.splice(0).map((acceptor) => acceptor.close(0))));

    /** An acceptor whose wire keeps what it takes. */
    async function accept(connections: number): Promise<{ acceptor: Acceptor; port: number; taken: Connection[]; cuts: string[] }> {
      const [taken, cuts]: [Connection[], string[]] = [[], []];
      const wire = {
        take: (connection: Connection) => {
          connection.socket.on('error', () => undefined).resume();
          connection.callBegins();
          taken.push(connection);
        },
        drain: () => undefined,
        finish: () => undefined,
      };
      const acceptor = new Acceptor({ wire, protocols: ['http/1.1'], tls: material, connections, cut: (cause) => void cuts.push(cause) });
      started.push(acceptor);
      return { acceptor, port: await acceptor.listen({ host: '127.0.0.1', port: 0 }), taken, cuts };
    }
    const open = material === undefined ? tcp : tlsTrusting;

    it('forgets peers that were gone before they were accepted', async () => {
      const { acceptor, port, taken } = await accept(4);
      execFileSync(process.execPath, ['-e', RESETS, String(port)]);
      await pause(200);
      taken.splice(0);
      const working = await Promise.all(Array.from({ length: 4 }, () => open(port)));
      await eventually(() => assert.equal(taken.length, 4));
      await untilEnd(await tcp(port));
      assert.equal(acceptor.size, 4, 'nobody makes room who is gone');
      for (const socket of working) socket.destroy();
      await eventually(() => assert.equal(acceptor.size, 0));
    });

    it('refuses without harm when every one it has is at work', async () => {
      const { acceptor, port, taken, cuts } = await accept(2);
      const working = [await open(port), await open(port)];
      await eventually(() => assert.equal(taken.length, 2));
      for (let turn = 0; turn < 5; turn += 1) await untilEnd(await tcp(port));
      assert.deepEqual([cuts, acceptor.size], [Array.from({ length: 5 }, () => 'refused'), 2]);
      for (const socket of working) socket.destroy();
      await eventually(() => assert.equal(acceptor.size, 0));
    });

    it('makes room by one with refused calls, of whatever address, even if it is at work', async function () {
      if (process.platform !== 'linux') this.skip();
      const { acceptor, port, taken, cuts } = await accept(3);
      const working = await Promise.all([open(port), open(port), open(port)]);
      await eventually(() => assert.equal(taken.length, 3));
      const refused = taken[1];
      if (refused !== undefined) refused.standing.refusals = 1;
      const newcomer = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' }).on('error', () => undefined);
      await eventually(() => assert.equal(refused?.socket.destroyed, true));
      assert.deepEqual([cuts, acceptor.size, newcomer.closed], [['evicted'], 3, false]);
      for (const socket of [newcomer, ...working]) socket.destroy();
      await eventually(() => assert.equal(acceptor.size, 0));
    });

    it('closes at once when nothing is at work', async () => {
      const { acceptor, port, taken } = await accept(8);
      const socket = await open(port);
      await eventually(() => assert.equal(taken.length, 1));
      socket.destroy();
      if (material !== undefined) {
        const shaking = await tcp(port);
        await eventually(() => assert.equal(acceptor.size, 1));
        const ended = untilEnd(shaking);
        await Promise.race([acceptor.close(60_000), pause(5_000).then(() => assert.fail('it waits for a handshake'))]);
        await ended;
      }
      await acceptor.close(60_000);
      await assert.rejects(tcp(port), /ECONNREFUSED/);
    });
  });
}
