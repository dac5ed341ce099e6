import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { IdentityBindingServiceService as Service } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import { UUID, WIRES, requestIdOf } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { withIdentities } from './bench.ts';
import { assertIdentityRefusal } from './errors.ts';
import { newIdentityKey, selfSigned } from './signer.ts';

const KEY = newIdentityKey();
const { pk } = KEY;
const JWT_TYPE = [['Content-Type', 'application/jwt']] as const;

/** Ignored where a call has no query of its own, whatever is in them. */
const QUERIES = ['?', '?x=1', `?pk=${'A'.repeat(43)}`, '?jwt=a.b.c', '?%zz', '?%ff', '?%00', '?=&=&&', '?a[]=\'"<>', `?${'x'.repeat(4_000)}`];
const SECRET = 'A'.repeat(43);

describe('contracts/authentiq.md section 2: queries', () => {
  const bench = withIdentities();
  const ask = (method: string, target: string): Promise<Answer> => bench().rest.send({ method, target, ...(method === 'PUT' || method === 'POST' ? { headers: JWT_TYPE, body: selfSigned(KEY) } : {}) });

  for (const query of QUERIES) {
    it(`ignored: ${query.slice(0, 60)}`, async () => {
      for (const method of ['GET', 'PUT', 'POST']) assertIdentityRefusal(await ask(method, `/key/${pk}${query}`), 'unknown-key');
    });
  }

  /** A call that has a query of its own, and what stands against it. */
  const REFUSED = [
    ['DELETE', `/key/${pk}`, ''], ['DELETE', `/key/${pk}`, '?'], ['DELETE', `/key/${pk}`, '?secret='], ['DELETE', `/key/${pk}`, '?Secret=x'], ['DELETE', `/key/${pk}`, `?secret=${SECRET}&secret=${SECRET}`],
    ['DELETE', `/key/${pk}`, '?secret=%zz'], ['DELETE', `/key/${pk}`, '?secret=%ff'], ['DELETE', `/key/${pk}`, '?secret=%00'], ['DELETE', `/key/${pk}`, `?secret=${SECRET}&pk=${pk}`], ['DELETE', `/key/${pk}`, `?secret=${SECRET}&pk.x=1`],
  ] as const;

  for (const [method, target, query] of REFUSED) {
    it(`400: ${method} ${query}`, async () => assertIdentityRefusal(await ask(method, target + query), 'bad-request'));
  }

  for (const query of [`?secret=${SECRET}`, '?secret=x', `?secret=${SECRET}&x=1&y=%20`, `?s%65cret=${SECRET}`, '?secret=+', `?&secret=${SECRET}&`]) {
    it(`taken, and the key is unknown: ${query}`, async () => assertIdentityRefusal(await ask('DELETE', `/key/${pk}${query}`), 'unknown-key'));
  }
});

const ACCEPTED = ['a', '0', 'abc-DEF_1.2~3:4+5/6=', '-', 'x'.repeat(128)];
const REPLACED = ['x'.repeat(129), 'a b', 'a"b', '<script>', '{}', 'a@b'];

describe('the request id of the Authentiq API', () => {
  const bench = withIdentities();

  async function answers(wire: (typeof WIRES)[number], requestId: string): Promise<Answer[]> {
    if (wire === 'grpc') return [await bench().grpc.call(Service.keyRetrieve, { pk }, [['x-request-id', requestId]])];
    const headers = [['X-Request-ID', requestId]] as const;
    return [
      await bench().rest.send({ method: 'GET', target: `/key/${pk}`, headers }),
      await bench().rest.send({ method: 'HEAD', target: `/key/${pk}`, headers }),
      await bench().rest.send({ method: 'GET', target: '/key/x/y', headers }),
      await bench().rest.send({ method: 'PATCH', target: '/key', headers }),
    ];
  }

  for (const wire of WIRES) {
    for (const requestId of ACCEPTED) {
      it(`${wire}: ${requestId.slice(0, 20)} is answered`, async () => {
        for (const answer of await answers(wire, requestId)) assert.equal(requestIdOf(answer), requestId);
      });
    }
    for (const requestId of REPLACED) {
      it(`${wire}: ${requestId.slice(0, 20)} is replaced`, async () => {
        for (const answer of await answers(wire, requestId)) assert.match(requestIdOf(answer), UUID);
      });
    }
  }

  it('is in the log, and in the audit trail of what was done', async () => {
    const key = newIdentityKey();
    const answer = await bench().rest.send({ method: 'POST', target: '/key', headers: [...JWT_TYPE, ['X-Request-ID', 'r-of-a-key']], body: selfSigned(key) });
    assert.deepEqual([answer.status, requestIdOf(answer)], [201, 'r-of-a-key']);
    const { rows } = await bench().sql.query('select action, request_id from audit_event where identity = $1', [key.pk]);
    assert.deepEqual(rows, [{ action: 'identity.registered', request_id: 'r-of-a-key' }]);
    assert.ok(bench().service.lines.some((line) => line['request_id'] === 'r-of-a-key'));
  });
});

describe('the size of a message over gRPC', () => {
  const bench = withIdentities();

  it('is that of a body: more than 16 KiB are refused as such', async () => {
    for (const [method, request] of [[Service.keyRegister, { jwt: 'x'.repeat(16_400) }], [Service.keyBind, { pk, jwt: 'x'.repeat(16_400) }], [Service.signUpdate, { job: '', jwt: 'x'.repeat(16_400) }]] as const) {
      assertIdentityRefusal(await bench().grpc.call(method as never, request), 'bad-request');
    }
  });

  it('a message that is none is refused as such', async () => {
    for (const method of [Service.keyRegister, Service.keyBind, Service.signConfirm]) assertIdentityRefusal(await bench().grpc.call(method as never, Buffer.from([0xff, 0xff, 0xff])), 'bad-request');
  });
});
