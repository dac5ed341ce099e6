import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { eventually } from './fixtures/child.ts';
import { request } from './fixtures/device.ts';
import { signalServer, startOwnPostgres } from './fixtures/own_postgres.ts';
import type { OwnPostgres } from './fixtures/own_postgres.ts';
import { Traffic } from './fixtures/traffic.ts';

/** PostgreSQL documentation, 18.5: what each signal asks of the server's main process. */
const ENDINGS = [['restarted fast', 'SIGINT'], ['restarted by an immediate shutdown', 'SIGQUIT'], ['killed', 'SIGKILL']] as const;

describe('under load, PostgreSQL', function () {
  this.timeout(60_000);
  let own: OwnPostgres;
  before(async () => {
    own = await startOwnPostgres();
  });
  after(() => own[Symbol.asyncDispose]());

  for (const [name, signal] of ENDINGS) {
    it(`${name}: devices hear success or E500 and rotate again by themselves; the books are equal`, async () => {
      await using traffic = await Traffic.start(own.service.url, signal.toLowerCase());
      for (let times = 0; times < 3; times += 1) {
        const { pid } = own;
        signalServer(own, signal);
        await eventually(() => assert.ok(own.pid !== undefined && own.pid !== pid));
        await traffic.untilAllRotate();
      }
      assert.equal((await request(`${own.service.url}/readyz`)).status, 200);
      await traffic.endWithEqualBooks(own.url);
    });
  }
});
