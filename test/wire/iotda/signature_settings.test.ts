import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createAccessKey, signedFetch } from '../../support/iotda.ts';
import type { ApplicationRequest } from '../../support/iotda.ts';
import { createDatabase } from '../../support/postgres.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { sign } from '../../support/signer.ts';
import { withBench } from '../rows.ts';
import { PATIENT, askDevice, assertLetIn, assertRefused, sendSigned } from './kit.ts';

const SHOW: ApplicationRequest = { method: 'GET', path: '/v5/iot/default/devices/nobody' };
const PROJECTS: ApplicationRequest = { method: 'GET', path: '/v3/projects' };
const MINUTE = 60_000;

/** The dates of two requests differ, so that their signatures do. */
function at({ clock }: TestService, seconds: number): Date {
  return new Date(clock.now().getTime() - seconds * 1000);
}

describe('request signatures: settings of scope and algorithm', () => {
  const sdkOnly = withBench({ ...PATIENT, KEYTURN_IOTDA_SIGNATURE_ALGORITHMS: 'SDK-HMAC-SHA256' });
  const v11Only = withBench({ ...PATIENT, KEYTURN_IOTDA_SIGNATURE_ALGORITHMS: 'V11-HMAC-SHA256', KEYTURN_IOTDA_REGIONS: 'eu-1,eu-2', KEYTURN_IOTDA_SERVICE_NAME: 'things' });
  const scope = { region: 'eu-2', service: 'things' };

  it('an algorithm that is not enabled is refused', async () => {
    const [one, other] = [await createAccessKey(sdkOnly().service), await createAccessKey(v11Only().service)];
    assertLetIn(await sendSigned(sdkOnly(), one, SHOW));
    assertRefused(await sendSigned(sdkOnly(), one, { ...SHOW, scope: { region: 'r', service: 'iotdm' } }), '002');
    assertLetIn(await sendSigned(v11Only(), other, { ...SHOW, scope }));
    assertRefused(await sendSigned(v11Only(), other, SHOW), '002');
    assertRefused(await sendSigned(v11Only(), other, PROJECTS), 'I401P');
  });

  it('region and service are those of the settings, but for /v3', async () => {
    const credentials = await createAccessKey(v11Only().service);
    assertRefused(await sendSigned(v11Only(), credentials, { ...SHOW, scope: { ...scope, region: 'eu-3' } }), '002');
    assertRefused(await sendSigned(v11Only(), credentials, { ...SHOW, scope: { ...scope, service: 'iotdm' } }), '002');
    assert.equal((await sendSigned(v11Only(), credentials, { ...PROJECTS, scope: { region: 'eu-3', service: 'iam' } })).status, 200);
  });
});

describe('request signatures taken once', () => {
  const bench = withBench({ ...PATIENT, KEYTURN_IOTDA_SIGNATURE_REPLAY: 'refuse' });
  const allowing = withBench(PATIENT);
  const stored = async (): Promise<number> => (await bench().sql.query<{ n: number }>('select count(*)::int as n from used_signature')).rows[0]?.n ?? 0;

  it('a signature is taken once, over REST paths of either kind', async () => {
    const { service } = bench();
    const credentials = await createAccessKey(service);
    for (const [request, good, refused] of [[SHOW, 404, '002'], [PROJECTS, 200, 'I401P'], [{ ...SHOW, scope: { region: 'r', service: 'iotdm' } }, 404, '002']] as const) {
      const [first, later] = [{ ...request, date: at(service, 1) }, { ...request, date: at(service, 2) }];
      assert.equal((await sendSigned(bench(), credentials, first)).status, good);
      for (let turn = 0; turn < 2; turn += 1) assertRefused(await sendSigned(bench(), credentials, first), refused, 'IOTDA_SIGNATURE_REFUSED');
      assert.equal((await sendSigned(bench(), credentials, later)).status, good);
    }
  });

  it('nothing is remembered of a signature that is refused', async () => {
    const { service } = bench();
    const credentials = await createAccessKey(service);
    const before = await stored();
    const date = at(service, 3);
    assertRefused(await sendSigned(bench(), { ...credentials, secretKey: 'wrong' }, { ...SHOW, date }), '002');
    assertRefused(await sendSigned(bench(), { ...credentials, accessKey: 'UNKNOWN' }, { ...SHOW, date }), '002');
    assert.equal(await stored(), before);
    assertLetIn(await sendSigned(bench(), credentials, { ...SHOW, date }));
    assert.equal(await stored(), before + 1);
  });

  it('a signature is remembered for longer than its date counts', async () => {
    const { service, sql } = bench();
    const credentials = await createAccessKey(service);
    const date = at(service, 0);
    assertLetIn(await sendSigned(bench(), credentials, { ...SHOW, date }));
    const { rows } = await sql.query<{ last: Date }>('select max(expires_at) as last from used_signature');
    assert.ok((rows[0]?.last.getTime() ?? 0) > date.getTime() + 15 * MINUTE);
  });

  it('by default it is taken as often as its date counts', async () => {
    const { service } = allowing();
    const credentials = await createAccessKey(service);
    const request = { ...SHOW, date: at(service, 1) };
    for (let turn = 0; turn < 3; turn += 1) assertLetIn(await sendSigned(allowing(), credentials, request));
    const { rows } = await allowing().sql.query('select from used_signature');
    assert.equal(rows.length, 0);
    service.clock.advance(15 * MINUTE);
    assertRefused(await sendSigned(allowing(), credentials, request), '002');
  });

  it('of 32 at once on two nodes one is taken', async () => {
    await using database = await createDatabase();
    const settings = { ...PATIENT, KEYTURN_IOTDA_SIGNATURE_REPLAY: 'refuse' };
    await using one = await startService({ database, settings });
    await using other = await startService({ database, settings });
    // The host is not signed, so that the request is one and the same to both.
    const own = sign(await createAccessKey(one), { method: 'GET', path: PROJECTS.path, headers: [], date: one.clock.now() });
    const rounds = await Promise.all(
      Array.from({ length: 32 }, async (_, index) => (await fetch(`${(index % 2 === 0 ? one : other).url}${PROJECTS.path}`, { headers: { ...own } })).status),
    );
    assert.deepEqual(rounds.toSorted((a, b) => a - b), [200, ...Array.from({ length: 31 }, () => 401)]);
  });
});

describe('the date of a request signature, by a clock that stands', () => {
  it('may be 15 minutes off on either side, and no millisecond more', async () => {
    const noon = Date.UTC(2026, 6, 1, 12);
    let now = noon;
    await using service = await startService({ settings: PATIENT, overrides: { clock: { now: () => new Date(now) } } });
    const credentials = await createAccessKey(service);
    const statusAt = async (date: number): Promise<number> => (await signedFetch(service, credentials, { ...PROJECTS, date: new Date(date) })).status;
    for (const side of [-1, 1]) {
      assert.equal(await statusAt(noon + side * 15 * MINUTE), 200);
      assert.equal(await statusAt(noon + side * (15 * MINUTE + 1000)), 401);
      now = noon - side;
      assert.equal(await statusAt(noon + side * 15 * MINUTE), 401);
      now = noon;
    }
  });
});

describe('request signatures over gRPC', () => {
  const bench = withBench(PATIENT);

  it('are refused, whatever token comes along', async () => {
    const authorization = `SDK-HMAC-SHA256 Access=A, SignedHeaders=host;x-sdk-date, Signature=${'0'.repeat(64)}`;
    assertRefused(await askDevice(bench(), 'grpc', [['authorization', authorization]]), '002', 'IOTDA_UNAUTHENTICATED');
    assertRefused(await askDevice(bench(), 'grpc', [['authorization', authorization], ['x-auth-token', 'operator-token-of-the-tests']]), '002', 'IOTDA_UNAUTHENTICATED');
  });
});
