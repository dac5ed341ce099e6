import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cacheable } from '../../../src/transport/rest/conditional.ts';
import { Headers } from '../../../src/transport/rest/headers.ts';

const ANSWER = { status: 200, headers: [['X-Request-ID', 'r']] as const, contentType: 'application/json', body: '{"keys":[]}' };

function answerTo(...conditions: readonly string[]): ReturnType<typeof cacheable> {
  return cacheable(ANSWER, new Headers(conditions.flatMap((condition) => ['If-None-Match', condition])), 30);
}

const TAG = answerTo().headers.find(([name]) => name === 'ETag')?.[1] ?? '';

/** How long the answer to a condition takes, milliseconds. */
function timeFor(condition: string): number {
  const begun = performance.now();
  answerTo(condition);
  return performance.now() - begun;
}

describe('an answer that may be kept', () => {
  it('has a strong tag of its bytes, its age, and that it is for one caller', () => {
    assert.match(TAG, /^"[\w-]{43}"$/);
    assert.deepEqual(answerTo(), { ...ANSWER, headers: [['X-Request-ID', 'r'], ['ETag', TAG], ['Vary', 'Authorization']], cacheControl: 'private, max-age=30' });
    assert.deepEqual(cacheable({ ...ANSWER, body: Buffer.from(ANSWER.body) }, new Headers([]), 30).headers, answerTo().headers, 'whether text or bytes');
    assert.notDeepEqual(cacheable({ ...ANSWER, body: '{"keys":[1]}' }, new Headers([]), 30).headers, answerTo().headers);
  });

  const EQUAL = [
    [TAG], [`W/${TAG}`], ['*'], [' * '], [`"a", ${TAG}`], [`${TAG},"a"`], [`"a",W/${TAG} , "b"`], [`\t${TAG}\t`], [`, ,${TAG},,`], ['"a"', TAG], [TAG, '"a"'],
    [`"a,b", ${TAG}`], [`"", ${TAG}`], [`"\xe4", ${TAG}`], [`"W/", ${TAG}`], [`${Array.from({ length: 100 }, (_, index) => `"${index}"`).join()},${TAG}`],
  ];
  for (const conditions of EQUAL) {
    it(`is 304 without a body if its caller has it: ${conditions.join(' and ').replaceAll(TAG, 'TAG').slice(0, 40)}`, () => {
      assert.deepEqual(answerTo(...conditions), { status: 304, headers: [['X-Request-ID', 'r'], ['ETag', TAG], ['Vary', 'Authorization']], cacheControl: 'private, max-age=30' });
    });
  }

  const OTHER = [
    [''], ['"a"'], ['W/"a"'], ['"a", "b"'], [TAG.slice(1, -1)], [TAG.slice(1)], [TAG.slice(0, -1)], [`w/${TAG}`], [`W / ${TAG}`], [`W/ ${TAG}`], [`'${TAG}'`], [`"${TAG}"`], [`x${TAG}`], [`${TAG}x`], [`"a" ${TAG}`], [`${TAG} "a"`], [`${TAG};"a"`],
    [TAG.toUpperCase()], [TAG.replace('"', '" ')], ['**'], ['"*"'], ['*', '*'], ['*, "a"'], ['*\xa0'], [`\xa0${TAG}`],
  ];
  for (const conditions of OTHER) {
    it(`is whole for any other condition, and for one that is malformed: ${JSON.stringify(conditions.join(' and ')).replaceAll(TAG.slice(1, -1), 'TAG')}`, () => {
      assert.deepEqual(answerTo(...conditions), answerTo());
    });
  }

  it('is found in a time that grows with the length of the condition, whatever it is', () => {
    const parts = ['"', ',', ' ', '\t', ', ', ',"', '","', '"a", ', 'W/"', ',W/', ',"a', '" ', '"",', '\xff', ',\t" ', ' ,'];
    for (const part of [...parts, ...parts.flatMap((one) => parts.map((other) => one + other))]) {
      // What grew with the square would take seconds for each.
      for (const condition of [part.repeat(20_000), `"${part.repeat(20_000)}"`]) assert.ok(timeFor(condition) < 1000, JSON.stringify(part));
    }
  }).timeout(120_000);
});
