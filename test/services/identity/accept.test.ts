import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { prefersJwt } from '../../../src/services/identity_binding_service/jobs/accept.ts';

const JWT = [
  'application/jwt', 'APPLICATION/JWT', ' application/jwt ', '\tapplication/jwt\t', 'application/jwt, */*', '*/*, application/jwt', 'application/jwt;q=0.1',
  'application/jwt; q=1', 'application/jwt ; Q=0.001', 'application/jwt;q=1.000', 'application/jwt;v=1', 'application/jwt;v="a,b;c\\"d";q=0.5', 'text/html,application/jwt',
  'application/jwt, application/json;q=0.9', 'application/json;q=0.9, application/jwt', 'application/jwt;q=0.3,application/json;q=0.2', 'application/jwt,application/json;q=0',
  'application/jwt;q=0.1, application/*', 'application/jwt, text/json', ',,application/jwt,', 'application/jwt, application/json;q=x', 'application/jwt;q=0.2, application/jwt;q=0.9, application/json;q=0.5',
  'nonsense, application/jwt', 'application/jwt, "application/json"', 'application/jwt, text/plain;x="application/json"', '\u00E9, application/jwt', 'application/jwt;;q=0.5',
];

const JSON_TYPE = [
  '', ' ', '*/*', 'application/*', 'application/json', 'application/json, text/plain, */*', 'application/jwt;q=0', 'application/jwt;q=0.000',
  'application/jwt, application/json', 'application/json, application/jwt', 'application/jwt;q=0.5, application/json;q=0.5', 'application/jwt;q=0.5, application/json',
  'application/jwt, APPLICATION/JSON', 'application/jwt, application/json;v=1', 'application/jwts', 'xapplication/jwt', 'application/jwt/x', 'application/ jwt', 'text/jwt',
  'application/jwt;q=2', 'application/jwt;q=-1', 'application/jwt;q=0.1234', 'application/jwt;q=', 'application/jwt;q=.5', 'application/jwt;q=1;q=1', 'application/jwt;q="1"',
  'text/plain;x="application/jwt"', 'text/plain;x=", application/jwt, "', '"application/jwt"', 'text/plain;x="unended, application/jwt', 'application/vnd.x+jwt', '\u0000',
];

describe('Accept of a signed job', () => {
  for (const accept of JWT) it(`${JSON.stringify(accept)} asks for the JWT`, () => assert.ok(prefersJwt(accept)));
  for (const accept of JSON_TYPE) it(`${JSON.stringify(accept)} does not`, () => assert.ok(!prefersJwt(accept)));

  it('is read in a time that grows with its length only', () => {
    const start = performance.now();
    for (const part of [',', ';', '"', '\\', '"\\', 'application/jwt,', 'application/jwt;q=1;', ' ', '\t;q=']) prefersJwt(part.repeat(16_384 / part.length));
    assert.ok(performance.now() - start < 5_000);
  });
});
