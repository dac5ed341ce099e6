import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Database } from '../../src/db/database.ts';
import { DeviceStore } from '../../src/db/device.ts';
import { DeviceExpiryStore } from '../../src/db/device_expiry.ts';
import { DeviceJwtStore } from '../../src/db/device_jwt.ts';
import { DeviceSecretStore } from '../../src/db/device_secret.ts';
import { DeviceTokenStore } from '../../src/db/device_token.ts';
import type { RenewableToken } from '../../src/db/device_token.ts';
import { expiryJobs } from '../../src/db/expiry.ts';
import { IotDeviceWriter } from '../../src/db/iot_device_change.ts';
import { jtiClearing } from '../../src/db/jti_clearing.ts';
import { RotationStore } from '../../src/db/rotation.ts';
import { connect, createDatabase, execute } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { firstToken, issued, newSpent, newToken } from './fixtures/device_tokens.ts';
import { newReset } from './fixtures/resets.ts';
import { ORIGIN, addDevice, newKey, newRotation, openDatabase, rowsOf, waitingBackends } from './fixtures/rotations.ts';
import type { Key } from './fixtures/rotations.ts';

const MOST = 1_000_000;
/** When what a key that is replaced here has signed is cleared away. */
const LATER = new Date(ORIGIN.at.getTime() + 86_400_000);
/** Devices at once, and calls of each kind that each of them makes before its end and beside it. */
const DEVICES = 24;
const CALLS = 6;

/** An advisory lock that every audit event is written under. */
const HOLD = 7;
const HELD = `create function held() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock_shared(${HOLD}); return new; end $$;
  create trigger held before insert on audit_event for each row execute function held()`;

describe('the end of all tokens of a device', function () {
  this.timeout(60_000);
  let own: TestDatabase;
  let database: Database;
  let tokens: DeviceTokenStore;
  let jwts: DeviceJwtStore;
  let rotations: RotationStore;
  before(async () => {
    own = await createDatabase();
    database = await openDatabase(own.url, 20);
    await execute(own.url, HELD);
    tokens = new DeviceTokenStore(database.run);
    jwts = new DeviceJwtStore(database.run);
    rotations = new RotationStore(database.run);
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  const tokensOf = async (deviceId: string): Promise<Buffer[]> =>
    (await rowsOf<{ token_sha256: Buffer }>(own.url, 'select token_sha256 from device_token where device_id = $1', [deviceId])).map(({ token_sha256: sha256 }) => sha256);

  /** What ends the tokens of a device, and whether it can have others afterwards. */
  const ENDS: Readonly<Record<string, { readonly end: (deviceId: string) => Promise<unknown>; readonly outcome: unknown; readonly isForGood: boolean }>> = {
    freezing: { end: (id) => new DeviceStore(database).setState(id, 'FROZEN', ORIGIN), outcome: 'changed', isForGood: true },
    removal: { end: (id) => new DeviceStore(database).remove(id, ORIGIN), outcome: 'removed', isForGood: true },
    'the loss of all scopes': { end: (id) => new DeviceStore(database).setScopes(id, [], ORIGIN), outcome: 'changed', isForGood: true },
    'a reset of its secret by force': { end: async (id) => (await new DeviceSecretStore(database).reset(newReset(id, { forceDisconnect: true }), ORIGIN)).outcome, outcome: 'reset', isForGood: false },
    'a reset of its fingerprint by force': {
      end: (id) => new IotDeviceWriter(database).resetFingerprint('default', id, { slot: 'PRIMARY', fingerprint: undefined, forceDisconnect: true }, ORIGIN), outcome: true, isForGood: false,
    },
  };

  for (const [name, { end, outcome, isForGood }] of Object.entries(ENDS)) {
    const id = name.replaceAll(' ', '-');

    for (const what of ['issued', 'renewed'] as const) {
      it(`${name}: a token that is just being ${what} as it begins is none afterwards, and neither is the one before`, async () => {
        const deviceId = `${id}-${what}`;
        const key = await addDevice(database, deviceId);
        const earlier = await issued(tokens, deviceId, key);
        const lock = await holdAudits();
        const underWay = what === 'issued' ? tokens.issue(newSpent(deviceId, key), firstToken(), ORIGIN) : tokens.renew(earlier, newToken(), MOST, ORIGIN);
        await waitingBackends(own.url, 1);
        const ended = end(deviceId);
        await waitingBackends(own.url, 2);
        await lock.release();
        assert.equal(await underWay, what === 'issued' ? 'spent' : 'renewed');
        assert.deepEqual(await ended, outcome);
        assert.deepEqual(await tokensOf(deviceId), []);
        assert.equal(await tokens.renew(earlier, newToken(), MOST, ORIGIN), 'ended');
      });
    }

    it(`${name}: what waits for it is overtaken, and a renewal has not run out of renewals`, async () => {
      const other = `${id}-waited-for`;
      const key = await addDevice(database, other);
      const earlier = await issued(tokens, other, key);
      const lock = await holdAudits();
      const ended = end(other);
      await waitingBackends(own.url, 1);
      const renewal = tokens.renew(earlier, newToken(), 0, ORIGIN);
      const issuing = tokens.issue(newSpent(other, key), firstToken(), ORIGIN);
      await waitingBackends(own.url, 3);
      await lock.release();
      assert.deepEqual(await ended, outcome);
      assert.equal(await renewal, 'ended');
      assert.equal(await issuing, isForGood ? 'overtaken' : 'spent');
      assert.equal((await tokensOf(other)).length, isForGood ? 0 : 1);
    });

    it(`${name}: under load of everything else there is no deadlock, and no token of before is left`, async () => {
      const stop = new AbortController();
      const sweeping = sweep(stop.signal);
      await Promise.all(Array.from({ length: DEVICES }, async (_, index) => {
        const deviceId = `${id}-${index}`;
        const device = new Busy(deviceId, await addDevice(database, deviceId));
        await device.work();
        const given = [...device.given];
        const [done] = await Promise.all([end(deviceId), device.work()]);
        assert.deepEqual(done, outcome);
        assert.ok(given.length >= CALLS);
        const left = new Set((await tokensOf(deviceId)).map((sha256) => sha256.toString('hex')));
        assert.deepEqual(given.filter((sha256) => left.has(sha256)), []);
        if (isForGood) assert.equal(left.size, 0);
      }));
      stop.abort();
      await sweeping;
      assert.deepEqual(await rowsOf(own.url, 'select deadlocks::int from pg_stat_database where datname = current_database()'), [{ deadlocks: 0 }]);
    });
  }

  /** Everything that clears away, again and again; some of what it meets has expired. */
  async function sweep(signal: AbortSignal): Promise<void> {
    const jobs = [...expiryJobs(database.run), jtiClearing(database.run), { name: 'device_expiry', run: (now: Date) => new DeviceExpiryStore(database).removeDue(now) }];
    while (!signal.aborted) for (const job of jobs) await job.run(job.name === 'used_jti_clear' ? LATER : ORIGIN.at);
  }

  /** Holds back whoever has done all but its audit event. */
  async function holdAudits(): Promise<{ release(): Promise<void> }> {
    const client = await connect(own.url);
    await client.query(`select pg_advisory_lock(${HOLD})`);
    return { release: () => client.end() };
  }

  /** A device that asks for everything at once. */
  class Busy {
    /** Tokens that it was given, by SHA-256. */
    readonly given = new Set<string>();
    readonly #deviceId: string;
    #key: Key;

    constructor(deviceId: string, key: Key) {
      this.#deviceId = deviceId;
      this.#key = key;
    }

    async work(): Promise<void> {
      const first = firstToken();
      if ((await tokens.issue(newSpent(this.#deviceId, this.#key), first, ORIGIN)) !== 'spent') return;
      this.given.add(first.tokenSha256.toString('hex'));
      const earlier = await tokens.findRenewable(first.tokenSha256, ORIGIN.at);
      const calls = Array.from({ length: CALLS }, (_, index) => [
        this.#issue(index % 2 === 0 ? 3599 : -1), earlier === undefined ? undefined : this.#renew(earlier), jwts.spend(newSpent(this.#deviceId, this.#key), ORIGIN),
      ]);
      const next = newKey();
      const [rotated] = await Promise.all([rotations.write(newRotation(this.#deviceId, this.#key, next), ORIGIN), ...calls.flat()]);
      if (rotated === 'rotated') this.#key = next;
    }

    async #issue(seconds: number): Promise<void> {
      const token = firstToken({ seconds });
      if ((await tokens.issue(newSpent(this.#deviceId, this.#key), token, ORIGIN)) === 'spent') this.given.add(token.tokenSha256.toString('hex'));
    }

    async #renew(earlier: RenewableToken): Promise<void> {
      const token = newToken();
      if ((await tokens.renew(earlier, token, MOST, ORIGIN)) === 'renewed') this.given.add(token.tokenSha256.toString('hex'));
    }
  }
});
