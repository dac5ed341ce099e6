import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { inspectConfig, readConfig } from '../../src/config/index.ts';

const GOOD: readonly (readonly [given: string, taken: string])[] = [
  ['https://keyturn.example', 'https://keyturn.example'], ['https://keyturn.example/', 'https://keyturn.example'], ['http://[::1]:8080/base//', 'http://[::1]:8080/base'],
];
const BAD = [
  'keyturn.example', '/base', 'ftp://keyturn.example', 'https:keyturn.example', 'https://', 'https://user:hush@keyturn.example', 'https://keyturn.example/?', 'https://keyturn.example?a=b',
  'https://keyturn.example/#x', 'https://key turn.example',
];

describe('KEYTURN_PUBLIC_URL', () => {
  for (const [given, taken] of GOOD) it(`is the base of links: ${given}`, () => assert.equal(readConfig({ KEYTURN_PUBLIC_URL: given }).publicUrl, taken));
  for (const value of BAD) {
    it(`is refused: ${value}`, () => {
      assert.deepEqual(inspectConfig({ KEYTURN_PUBLIC_URL: value }).faults, [
        { variable: 'KEYTURN_PUBLIC_URL', says: 'expects a URL such as https://keyturn.example, with nothing but a path behind the host' },
      ]);
    });
  }
});
