import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { IntrospectionClientAuthenticator } from '../../src/call/authenticate/introspection_client.ts';
import type { IncomingCall } from '../../src/call/call.ts';
import { readConfig } from '../../src/config/index.ts';
import { FaultError } from '../../src/contract/fault.ts';
import { Passwords } from '../../src/services/passwords.ts';
import { Headers } from '../../src/transport/rest/headers.ts';
import { basicOf, clientsSetting } from '../wire/tokens/clients.ts';

const CLIENTS = { KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: clientsSetting({ gateway: 'pass word ä', other: 'pass:word' }) };

/** Authenticates with the real passwords, and counts those that were looked at. */
class Counted {
  checks = 0;
  readonly #passwords = new Passwords();
  readonly #authenticator: IntrospectionClientAuthenticator;

  constructor(settings: Readonly<Record<string, string>> = CLIENTS) {
    this.#authenticator = new IntrospectionClientAuthenticator(readConfig(settings).iothentix, (...password) => {
      this.checks += 1;
      return this.#passwords.verify(...password);
    });
  }

  /** Whether a call with these headers is let in. */
  async lets(...values: readonly string[]): Promise<boolean> {
    const call = { metadata: new Headers(values.flatMap((value) => ['Authorization', value])), peer: '192.0.2.7' } as unknown as IncomingCall;
    try {
      await this.#authenticator.authenticate(call);
      return true;
    } catch (error) {
      assert.ok(error instanceof FaultError && error.fault === Fault.FAULT_UNAUTHENTICATED, String(error));
      return false;
    }
  }
}

describe('the name and password of one who introspects', () => {
  it('cost a hash once, and none as long as they are right', async () => {
    const counted = new Counted();
    for (let count = 0; count < 20; count += 1) assert.equal(await counted.lets(basicOf('gateway', 'pass word ä')), true);
    assert.equal(counted.checks, 1);
    assert.equal(await counted.lets(basicOf('other', 'pass:word')), true);
    assert.equal(await counted.lets(basicOf('gateway', 'pass word ä')), true);
    assert.equal(counted.checks, 2);
  });

  it('cost a hash each time that anything is wrong with them', async () => {
    const counted = new Counted();
    assert.equal(await counted.lets(basicOf('gateway', 'pass word ä')), true);
    const wrong = [
      basicOf('gateway', 'pass word a'), basicOf('gateway', ''), basicOf('gateway', 'pass word ä\u0000'), basicOf('gateway', 'pass\tword'), basicOf('nobody', 'pass word ä'), basicOf('Gateway', 'pass word ä'), basicOf('other', 'pass word ä'),
      basicOf('', ''), basicOf('', 'pass word ä'), basicOf('__proto__', 'x'), basicOf('x'.repeat(129), 'x'), basicOf('gate way', 'x'),
      `Basic ${Buffer.from('gateway').toString('base64')}`, 'Basic', 'Basic ', 'Basic %%%%', 'Basic Z2F0ZXdheTp4=', 'Basic  Z2F0ZXdheTp4', 'Basic\tZ2F0ZXdheTp4', 'basic x y',
    ];
    for (const [index, value] of wrong.entries()) {
      assert.equal(await counted.lets(value), false, value);
      assert.equal(counted.checks, index + 2, value);
    }
  });

  it('are wrong again after they were wrong, and right after they were right', async () => {
    const counted = new Counted();
    for (const [password, isRight] of [['x', false], ['x', false], ['pass word ä', true], ['x', false], ['pass word ä', true]] as const) {
      assert.equal(await counted.lets(basicOf('gateway', password)), isRight);
    }
    assert.equal(counted.checks, 4);
  });

  it('share one hash in calls at once, right or wrong, so that a busy client is let in at a start', async () => {
    const counted = new Counted();
    const right = await Promise.all(Array.from({ length: 200 }, () => counted.lets(basicOf('gateway', 'pass word ä'))));
    assert.deepEqual([new Set(right), counted.checks], [new Set([true]), 1]);
    const wrong = await Promise.all(Array.from({ length: 200 }, () => counted.lets(basicOf('gateway', 'x'))));
    assert.deepEqual([new Set(wrong), counted.checks], [new Set([false]), 2]);
  });

  it('cost nothing where there are no clients at all', async () => {
    const counted = new Counted({});
    assert.equal(await counted.lets(basicOf('gateway', 'pass word ä')), false);
    assert.equal(counted.checks, 0);
  });

  it('are not needed, and other schemes not looked at, unless the settings ask for them', async () => {
    const [open, closed] = [new Counted(), new Counted({ ...CLIENTS, KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH: 'true' })];
    for (const values of [[], [''], ['Bearer x'], ['Basics x'], ['Basic-Token x'], ['Digest username="gateway"'], ['Z2F0ZXdheTp4']]) {
      assert.deepEqual([await open.lets(...values), await closed.lets(...values)], [true, false], values[0]);
    }
    assert.deepEqual([open.checks, closed.checks], [0, 0]);
    assert.equal(await closed.lets(basicOf('gateway', 'pass word ä')), true);
  });

  it('are never sent twice', async () => {
    for (const settings of [CLIENTS, { ...CLIENTS, KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH: 'true' }]) {
      const counted = new Counted(settings);
      const right = basicOf('gateway', 'pass word ä');
      for (const values of [[right, right], [right, 'Bearer x'], ['Bearer x', 'Bearer x'], ['', '']]) assert.equal(await counted.lets(...values), false);
      assert.equal(counted.checks, 0);
    }
  });
});
