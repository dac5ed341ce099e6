import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { ApiError } from '../../../src/errors.ts';
import { TokenRate } from '../../../src/services/device_token_service/token_rate.ts';

/** Work that ends when it is told to. */
class Work {
  readonly #gate = Promise.withResolvers<string>();
  begun = 0;
  readonly run = (): Promise<string> => {
    this.begun += 1;
    return this.#gate.promise;
  };

  succeed(): void {
    this.#gate.resolve('a token');
  }

  fail(): void {
    this.#gate.reject(new Error('spent'));
  }
}

const succeed = (): Promise<string> => Promise.resolve('a token');
const fail = (): Promise<string> => Promise.reject(new Error('spent'));

/** Refused for the rate, and Retry-After says so many seconds. */
async function assertLimited(request: Promise<string>, seconds: number): Promise<void> {
  await assert.rejects(request, (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.reason, ErrorReason.ERROR_REASON_TOKEN_RATE_LIMITED);
    assert.deepEqual(error.metadata, { 'retry-after': String(seconds) });
    return true;
  });
}

describe('TokenRate', () => {
  let now: number;
  const clock = { now: () => new Date(now) };
  const rateOf = (perMinute: number): TokenRate => new TokenRate(perMinute, clock);
  beforeEach(() => {
    now = Date.UTC(2026, 0, 1);
  });

  it('lets so many a minute through, refills evenly, and says when the next one may come', async () => {
    const rate = rateOf(3);
    for (const name of ['1', '2', '3']) assert.equal(await rate.within('d', 'issue', name, succeed), 'a token');
    await assertLimited(rate.within('d', 'issue', '4', succeed), 20);
    now += 19_001;
    await assertLimited(rate.within('d', 'issue', '4', succeed), 1);
    now += 999;
    await rate.within('d', 'issue', '4', succeed);
    await assertLimited(rate.within('d', 'issue', '5', succeed), 20);
  });

  it('keeps devices apart, also those whose ids and names run together', async () => {
    const rate = rateOf(1);
    await rate.within('d', 'issue', 'x', succeed);
    await rate.within('d2', 'issue', 'x', succeed);
    await rate.within('', 'issue', 'd x', succeed);
    await assertLimited(rate.within('d', 'issue', 'y', succeed), 60);
  });

  it('does not begin what it refuses', async () => {
    const rate = rateOf(1);
    await rate.within('d', 'issue', '1', succeed);
    const work = new Work();
    await assertLimited(rate.within('d', 'issue', '2', work.run), 60);
    assert.equal(work.begun, 0);
  });

  it('does not count what fails, nor what it refuses', async () => {
    const rate = rateOf(1);
    for (const name of ['1', '2', '3']) await assert.rejects(rate.within('d', 'issue', name, fail), /spent/);
    await rate.within('d', 'issue', '4', succeed);
    for (const name of ['5', '6', '7']) await assertLimited(rate.within('d', 'issue', name, succeed), 60);
    now += 60_000;
    await rate.within('d', 'issue', '8', succeed);
  });

  it('counts what runs, until it fails', async () => {
    const rate = rateOf(1);
    const work = new Work();
    const first = assert.rejects(rate.within('d', 'issue', '1', work.run), /spent/);
    await assertLimited(rate.within('d', 'issue', '2', succeed), 60);
    work.fail();
    await first;
    await rate.within('d', 'issue', '2', succeed);
  });

  it('counts what has one name and runs at the same time as one, if any of it succeeds', async () => {
    const rate = rateOf(2);
    const works = [new Work(), new Work(), new Work()];
    const requests = works.map((work) => rate.within('d', 'issue', 'same', work.run).catch((error: Error) => error.message));
    assert.deepEqual(works.map(({ begun }) => begun), [1, 1, 1]);
    works[1]?.succeed();
    works[0]?.fail();
    works[2]?.fail();
    assert.deepEqual(await Promise.all(requests), ['spent', 'a token', 'spent']);
    await rate.within('d', 'issue', 'other', succeed);
    await assertLimited(rate.within('d', 'issue', 'another', succeed), 30);
  });

  it('gives back what has one name if all of it fails, once', async () => {
    const rate = rateOf(2);
    const works = [new Work(), new Work()];
    const requests = works.map((work) => assert.rejects(rate.within('d', 'issue', 'same', work.run), /spent/));
    for (const work of works) work.fail();
    await Promise.all(requests);
    for (const name of ['1', '2']) await rate.within('d', 'issue', name, succeed);
    await assertLimited(rate.within('d', 'issue', '3', succeed), 30);
  });

  it('takes a name that has ended as a new one', async () => {
    const rate = rateOf(2);
    for (const _ of [1, 2]) await rate.within('d', 'issue', 'same', succeed);
    await assertLimited(rate.within('d', 'issue', 'same', succeed), 30);
  });

  it('asks before it refuses, and what that throws comes first', async () => {
    const rate = rateOf(1);
    let asked = 0;
    const ask = (): Promise<void> => Promise.resolve(void (asked += 1));
    await rate.within('d', 'issue', '1', succeed, ask);
    assert.equal(asked, 0);
    await assertLimited(rate.within('d', 'issue', '2', succeed, ask), 60);
    assert.equal(asked, 1);
    await assert.rejects(rate.within('d', 'issue', '2', succeed, () => Promise.reject(new Error('known better'))), /known better/);
  });

  it('locks nobody out when the clock is set back, and nobody in when it is set on', async () => {
    const rate = rateOf(2);
    for (const name of ['1', '2']) await rate.within('d', 'issue', name, succeed);
    now -= 86_400_000;
    for (const name of ['3', '4']) await rate.within('d', 'issue', name, succeed);
    await assertLimited(rate.within('d', 'issue', '5', succeed), 30);
    now += 86_400_000;
    for (const name of ['6', '7']) await rate.within('d', 'issue', name, succeed);
    await assertLimited(rate.within('d', 'issue', '8', succeed), 30);
  });

  it('counts renewals with what the key has bought, and never refuses the key for the sake of renewals', async () => {
    const rate = rateOf(2);
    await rate.within('d', 'issue', '1', succeed);
    await rate.within('d', 'renewal', '2', succeed);
    await assertLimited(rate.within('d', 'renewal', '3', succeed), 30);
    await rate.within('d', 'issue', '4', succeed);
    await assertLimited(rate.within('d', 'issue', '5', succeed), 30);
  });

  it('gives back what a renewal has taken that fails, and what the key has taken of both', async () => {
    const rate = rateOf(1);
    await assert.rejects(rate.within('d', 'renewal', '1', fail), /spent/);
    await assert.rejects(rate.within('d', 'issue', '2', fail), /spent/);
    await rate.within('d', 'renewal', '3', succeed);
    await assert.rejects(rate.within('d', 'issue', '4', fail), /spent/);
    await assertLimited(rate.within('d', 'renewal', '5', succeed), 60);
    await rate.within('d', 'issue', '6', succeed);
  });
});
