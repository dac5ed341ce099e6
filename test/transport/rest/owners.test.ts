import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { Envelope } from '../../../gen/keyturn/options/v1/options.ts';
import type { Service } from '../../../src/contract/model.ts';
import { Owners } from '../../../src/transport/rest/owners.ts';
import { splitTarget } from '../../../src/transport/rest/routing/target.ts';

/** A service that has prefixes and nothing else. */
function serviceOf(...pathPrefixes: string[]): Service {
  const rules = { envelope: Envelope.ENVELOPE_RPC_STATUS, fallbackEnvelope: 0, pathPrefixes };
  return { rules, desc: { typeName: pathPrefixes.join(' ') } } as never;
}

const PREFIXES = ['/', '/v5', '/v3', '/key', '/key/deep', '/key/deep/er', '/other/only', '/%61', '/a.b~c-d_e'];
const services = PREFIXES.map((prefix) => serviceOf(prefix));

const parts = (prefix: string): string[] => prefix.split('/').filter((segment) => segment !== '');

/** The rule itself, without a thought of time. */
function naive(target: string): string {
  const segments = splitTarget(target)?.texts ?? target.split(/[?#]/, 1)[0]?.slice(1).split('/') ?? [];
  const owning = PREFIXES.filter((prefix) => parts(prefix).every((part, index) => part === segments[index]));
  return owning.toSorted((a, b) => parts(b).length - parts(a).length)[0] ?? '/';
}

describe('the owner of a path', () => {
  const owners = new Owners(services);
  const ownerOf = (target: string): string | undefined => owners.of(target).rules.pathPrefixes[0];

  it('has the longest prefix of whole segments', () => {
    const rows = { '/v5': '/v5', '/v5/': '/v5', '/v5x': '/', '/v5?/v3': '/v5', '/%765/a': '/v5', '/V5': '/', '/key/a': '/key', '/key/deep': '/key/deep', '/key/deepest': '/key',
      '/key/deep/er/x': '/key/deep/er', '/other': '/', '/other/only/': '/other/only', '/other/onl%79': '/other/only', '//v5': '/', '': '/', '*': '/', '/a.b~c-d_e/x': '/a.b~c-d_e',
      'http://a/v5': '/', '/v5/%zz': '/v5', '/v5#/a': '/v5', '/%76%zz': '/', '/toString': '/', '/__proto__/x': '/' };
    for (const [target, prefix] of Object.entries(rows)) assert.equal(ownerOf(target), prefix, target);
  });

  it('is the one that the plain rule has, for any text', () => {
    const piece = fc.oneof(fc.constantFrom('/', '?', '#', '%', '%2F', '%61', 'v5', 'v3', 'key', 'deep', 'er', 'other', 'only', 'a', '%76', '5', '.', '\u00e9', '\n'), fc.string({ maxLength: 3 }));
    const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(fc.property(fc.oneof(text, text.map((rest) => `/${rest}`)), (target) => assert.equal(ownerOf(target), naive(target))), { numRuns: 5_000 });
  });

  it('refuses services that cannot share the paths, and envelopes that cannot be written', () => {
    assert.throws(() => new Owners([serviceOf('/v5')]), { message: 'no service owns the path prefix /' });
    assert.throws(() => new Owners([serviceOf('/'), serviceOf('/a', '/')]), { message: 'path prefix / has two owners' });
    const unwritable = { ...serviceOf('/'), rules: { ...serviceOf('/').rules, fallbackEnvelope: 99 } };
    assert.throws(() => new Owners([unwritable as never]), { message: /its envelope 99 cannot be written/ });
  });
});
