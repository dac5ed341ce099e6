import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'mocha';
import { readAnswers } from './answers.ts';
import { caseOf } from './case.ts';
import { SUBJECTS, fuzz } from './fuzz.ts';
import { routeDrafts } from './corpus.ts';
import { seedOf } from './random.ts';

const DRAFTS = routeDrafts([{ method: 'POST', template: '/echo', hasBody: true }, { method: 'GET', template: '/echo/{a_string}', hasBody: false }]);
const REQUESTS = { transcoder: 6_000, applications: 3_000, identity: 3_000, tokens: 3_000 };

/** The bytes of the first cases of a run. */
function bytesOf(run: number): string[] {
  return Array.from({ length: 50 }, (_, index) => Buffer.concat(caseOf(seedOf(run, index), DRAFTS).pieces).toString('latin1'));
}

describe('fuzzing of HTTP at the socket', function () {
  this.timeout(120_000);

  for (const subject of SUBJECTS) {
    for (const seed of [4, randomInt(2 ** 32)]) {
      it(`finds nothing in ${subject} with seed ${seed}`, async () => {
        const { findings, requests, answers } = await fuzz({ requests: REQUESTS[subject], seed, subject, progress: () => {} });
        assert.deepEqual(findings, []);
        assert.ok(requests >= REQUESTS[subject] && answers > REQUESTS[subject] / 3, `${answers} answers to ${requests} requests`);
      });
    }
  }

  it('makes the same cases of the same seed, and others of another', () => {
    assert.deepEqual(bytesOf(1), bytesOf(1));
    assert.notDeepEqual(bytesOf(1), bytesOf(2));
  });

  it('reads answers strictly', () => {
    const good = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}';
    assert.equal(readAnswers(Buffer.from(`HTTP/1.1 100 Continue\r\n\r\n${good}${good}`), false).length, 2);
    assert.equal(readAnswers(Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n${good}`), false).length, 2);
    const bad = [
      `${good}x`, good.slice(0, -1), good.replace('Content-Length: 2\r\n', ''), good.replace('2\r\n', '2\n'), good.replace(': ', ' : '), good.replace('200', '20'), good.replace('200', '204'),
      good.replace('Content-Length: 2', 'Content-Length: 2\r\nContent-Length: 2'), good.replace(' 2', ' two'), good.slice(0, 20),
    ];
    for (const text of bad) assert.throws(() => readAnswers(Buffer.from(text), false), Error, JSON.stringify(text));
  });
});
