import { before, describe, it } from 'mocha';
import { WIRES } from '../answer.ts';
import type { Answer, Wire } from '../answer.ts';
import { newEmail, withIdentities } from './bench.ts';
import type { KeyMethod, KeyRequest } from './bench.ts';
import { assertIdentityRefusal } from './errors.ts';
import type { IdentityError } from './errors.ts';
import { newIdentityKey, selfSigned } from './signer.ts';
import type { IdentityKey } from './signer.ts';

/** What may be wrong with a call, and what it is answered if nothing before it in the list is wrong. */
const FAULTS = [
  ['type', 'unsupported-media-type'],
  ['form', 'bad-request'],
  ['unregistered', 'unknown-key'],
  ['revoked', 'revoked-key'],
  ['proof', 'auth-error'],
  ['taken', 'duplicate-hash'],
] as const satisfies readonly (readonly [string, IdentityError])[];

type Fault = (typeof FAULTS)[number][0];

/** All sets of faults that one call can have. */
const SETS: readonly (readonly Fault[])[] = Array.from({ length: 2 ** FAULTS.length - 1 }, (_, index) =>
  FAULTS.flatMap(([name], place) => ((((index + 1) >> place) & 1) === 1 ? [name] : [])),
).filter((faults) => !(faults.includes('unregistered') && faults.includes('revoked')));

/** Sections 5, 6.1 and 7.1 of contracts/authentiq.md. */
describe('the order of checks of a call on a key', () => {
  const bench = withIdentities();
  let email = '';
  before(async () => {
    email = newEmail();
    await bench().bind('rest', await bench().register(), { email });
  });

  const keyOf = async (faults: readonly Fault[]): Promise<IdentityKey> => {
    if (faults.includes('unregistered')) return newIdentityKey();
    return faults.includes('revoked') ? bench().revoked() : bench().register();
  };

  const send = async (wire: Wire, faults: readonly Fault[]): Promise<Answer> => {
    const key = await keyOf(faults);
    const { privateKey: signer } = faults.includes('proof') ? newIdentityKey() : key;
    const claims = { ...(faults.includes('taken') ? { email } : {}), ...(faults.includes('form') ? { devtoken: 1 } : {}) };
    const jwt = selfSigned(key, claims, { signer });
    if (!faults.includes('type')) return bench().send(wire, 'keyBind', { pk: key.pk, jwt });
    return bench().rest.send({ method: 'PUT', target: `/key/${key.pk}`, headers: [['Content-Type', 'application/json']], body: jwt });
  };

  const ask = (method: string, target: string, type: string | undefined, body: string | undefined): Promise<Answer> =>
    bench().rest.send({ method, target, headers: type === undefined ? [] : [['Content-Type', type]], body });

  for (const wire of WIRES) {
    for (const faults of SETS.filter((set) => wire === 'rest' || !set.includes('type'))) {
      it(`${wire} PUT /key/{PK}: of ${faults.join(', ')} the first is told`, async () => {
        const [, word] = FAULTS.find(([name]) => faults.includes(name)) ?? FAULTS[0];
        assertIdentityRefusal(await send(wire, faults), word);
      });
    }

    const rows: Readonly<Record<string, readonly [method: KeyMethod, make: () => Promise<KeyRequest>, word: IdentityError]>> = {
      'POST /key: a bad form is told before a bad proof': ['keyRegister', async () => ({ jwt: selfSigned(newIdentityKey(), { devtoken: 1 }, { signer: newIdentityKey().privateKey }) }), 'bad-request'],
      'POST /key: a bad proof is told before a registered key': ['keyRegister', async () => ({ jwt: selfSigned(await bench().register(), {}, { signer: newIdentityKey().privateKey }) }), 'auth-error'],
      'POST /key: a bad proof is told before a revoked key': ['keyRegister', async () => ({ jwt: selfSigned(await bench().revoked(), { scope: 'email' }) }), 'auth-error'],
      'POST /key/{PK}: a bad form is told before an unknown key': ['keyUpdate', async () => ({ pk: 'x', jwt: selfSigned(newIdentityKey(), { scopes: 1 }) }), 'bad-request'],
      'POST /key/{PK}: an unknown key is told before a bad proof': ['keyUpdate', async () => ({ pk: newIdentityKey().pk, jwt: selfSigned(newIdentityKey()) }), 'unknown-key'],
      'POST /key/{PK}: a revoked key is told before a bad proof': ['keyUpdate', async () => ({ pk: (await bench().revoked()).pk, jwt: selfSigned(newIdentityKey()) }), 'revoked-key'],
      'DELETE /key/{PK}: a missing secret is told before an unknown key': ['keyRevoke', async () => ({ pk: newIdentityKey().pk }), 'bad-request'],
      'DELETE /key/{PK}: an unknown key is told before a wrong secret': ['keyRevoke', async () => ({ pk: newIdentityKey().pk, secret: 'x' }), 'unknown-key'],
    };
    for (const [name, [method, make, word]] of Object.entries(rows)) {
      it(`${wire} ${name}`, async () => assertIdentityRefusal(await bench().send(wire, method, await make()), word));
    }
  }

  for (const [method, target] of [['POST', '/key'], ['POST', '/key/x'], ['PUT', '/key/x']] as const) {
    it(`${method} ${target}: the label of the body is looked at first, the body next`, async () => {
      for (const type of [undefined, 'application/json', 'text/plain', 'application/x-www-form-urlencoded', 'application/jwt2', 'application', '*/*']) {
        for (const body of ['x', JSON.stringify({ sub: 'x' }), selfSigned(newIdentityKey())]) assertIdentityRefusal(await ask(method, target, type, body), 'unsupported-media-type');
      }
      for (const type of ['application/jwt', 'application/jwt; charset=utf-8', 'APPLICATION/JWT;x="y"']) {
        for (const body of ['', undefined, 'x', JSON.stringify({ sub: 'x' })]) assertIdentityRefusal(await ask(method, target, type, body), 'bad-request');
      }
    });
  }
});
