import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { KeyRing, placeOf } from '../../src/crypto/key_ring.ts';
import { IssuerKeys } from '../../src/services/issuers/issuer_keys.ts';
import { IssuerStore } from '../../src/db/issuer.ts';
import type { BothClients, KeyFolder } from '../services/folder_service.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer, Wire } from '../wire/answer.ts';
import { secretIn, sendKey } from '../wire/identity/bench.ts';
import { claimsOf, codeIn, confirmJob, deleteJob, jwtIn, messagesOf, requestJob, retrieveJob, updateJob, wrongCode } from '../wire/identity/jobs.ts';
import { login, pushToken } from '../wire/identity/login.ts';
import { revokeNosecret } from '../wire/identity/revocations.ts';
import { newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import type { IdentityKey } from '../wire/identity/signer.ts';
import type { Haystack, Secret } from './needles.ts';

/** What identity keys are put through, the secrets of that, and what callers were told of refusals. */
export class IdentityLife {
  readonly secrets: Secret[] = [];
  readonly codes: string[] = [];
  /** Names of jobs: whoever knows one reads what is in the job. The database has them. */
  readonly jobs: Secret[] = [];
  readonly told: Haystack[] = [];
  /** Why messages could not be sent, by channel. */
  readonly failures = new Map<string, string>();
  readonly #clients: BothClients;
  readonly #sql: Pool;
  readonly #ring: KeyRing;
  readonly #issuers: IssuerStore;
  readonly #hasMail: boolean;

  /** `hasMail`: whether e-mail is sent, and refused. */
  constructor(service: TestService, clients: BothClients, folder: Pick<KeyFolder, 'keys'>, sql: Pool, hasMail: boolean) {
    this.#hasMail = hasMail;
    this.#clients = clients;
    this.#sql = sql;
    this.#ring = new KeyRing(folder.keys);
    this.#issuers = new IssuerStore(service.app.database.run);
  }

  know<T extends string | Buffer>(name: string, value: T): T {
    this.secrets.push({ name, value });
    return value;
  }

  /** The refusal is told of, and must be as expected. */
  heard(what: string, isGood: boolean, answer: Answer): Answer {
    const { status, body, headers, wire } = answer;
    assert.equal(status === 0 || (wire === 'rest' && status < 300), isGood, `${what} over ${wire}: ${status} ${body}`);
    if (!isGood) this.told.push({ place: `the answer ${status} to ${what}`, text: JSON.stringify([body, ...headers]) });
    return answer;
  }

  #jwt(name: string, jwt: string): string {
    // It is in all that shows the JWT, and in what shows its end alone.
    this.know(`${name}, its signature`, jwt.slice(jwt.lastIndexOf('.') + 1));
    return jwt;
  }

  async #code(key: IdentityKey): Promise<string> {
    const message = (await messagesOf(this.#sql, key.pk, this.#ring)).at(-1) ?? assert.fail('no code was sent');
    this.know('what a message says', message.body);
    const code = codeIn(message);
    this.codes.push(code);
    return code;
  }

  /** What the service keeps for itself: the key of the hashes, and the private keys of its issuer. */
  async ownKeys(): Promise<void> {
    const { rows: [key] } = await this.#sql.query<{ key_id: string; box: Buffer }>("select key_id, box from service_key where name = 'address_hash'");
    assert.ok(key);
    this.know('the key of the hashes of addresses', this.#ring.open(placeOf.serviceKey('address_hash'), { keyId: key.key_id, box: key.box }));
    const { rows } = await this.#sql.query<{ public_key: string; key_id: string; box: Buffer }>('select public_key, key_id, box from issuer_key');
    for (const row of rows) {
      const { privateKey } = new IssuerKeys(this.#ring, this.#issuers).open({ publicKey: row.public_key, keyId: row.key_id, box: row.box });
      this.know(`the issuer's private key as PKCS#8`, privateKey.export({ type: 'pkcs8', format: 'der' }));
      this.know(`the issuer's private key`, seedOf(privateKey));
    }
  }

  /** One key from its registration to its end over a wire, with what is refused on the way. */
  async key(wire: Wire): Promise<void> {
    const [email, phone] = this.#addresses(wire);
    const devtoken = this.know(`a device token over ${wire}`, `leaky-device-token-${wire}`);
    const key = newIdentityKey();
    this.know('the private key of an identity', seedOf(key.privateKey));
    const register = this.#jwt('the JWT of a registration', selfSigned(key, { devtoken, email }));
    const secret = this.know('the secret of a revocation', secretIn(await sendKey(this.#clients, wire, 'keyRegister', { jwt: register })));
    this.heard('a registration once more', false, await sendKey(this.#clients, wire, 'keyRegister', { jwt: register }));
    const bind = this.#jwt('the JWT that binds', selfSigned(key, { email, phone }));
    const to = { pk: key.pk, jwt: bind };
    for (const method of ['keyBind', 'keyUpdate'] as const) this.heard(method, true, await sendKey(this.#clients, wire, method, to));
    const changed = this.#jwt('a JWT that was changed', `${bind.slice(0, -12)}AAAAAAAAAAAA`);
    this.heard('a changed JWT', false, await sendKey(this.#clients, wire, 'keyBind', { ...to, jwt: changed }));
    this.heard('JSON in the place of a JWT', false, await sendKey(this.#clients, wire, 'keyBind', { ...to, jwt: JSON.stringify({ sub: key.pk, email, phone, devtoken }) }));
    this.heard('a JWT as a key', false, await sendKey(this.#clients, wire, 'keyRetrieve', { pk: bind }));
    const other = newIdentityKey();
    await sendKey(this.#clients, wire, 'keyRegister', { jwt: selfSigned(other) });
    this.heard('an address that is taken', false, await sendKey(this.#clients, wire, 'keyBind', { pk: other.pk, jwt: this.#jwt('the JWT of another', selfSigned(other, { phone })) }));
    await this.#job(wire, key, 'email', email);
    await this.#job(wire, key, 'phone', phone);
    await this.#login(wire, key);
    await this.#revocation(wire, key, email, phone);
    this.heard('a wrong secret', false, await sendKey(this.#clients, wire, 'keyRevoke', { pk: other.pk, secret: this.know('a secret of nobody', `no-secret-${wire}-`.padEnd(43, 'x')) }));
    this.heard('a revocation', true, await sendKey(this.#clients, wire, 'keyRevoke', { pk: key.pk, secret }));
  }

  /** As they are sent, each known as it is sent, as it is normalised, and as the hash that anybody can make. */
  #addresses(wire: Wire): [email: string, phone: string] {
    const email = `Leaky.Person-${wire}@Leaks.Example`;
    const phone = `+31 (6) 1234-56${wire === 'rest' ? '78' : '79'}`;
    const normal = [`email:${email.toLowerCase()}`, `phone:${phone.replaceAll(/[^+0-9]/g, '')}`];
    for (const sent of [email, phone]) this.know(`an address as it was sent over ${wire}`, sent);
    for (const text of normal) {
      this.know(`an address over ${wire}`, text.slice(6).replace('+', ''));
      for (const hashed of [text, text.slice(6)]) this.know(`the plain hash of an address over ${wire}`, createHash('sha256').update(hashed).digest());
    }
    return [email, phone];
  }

  async #job(wire: Wire, key: IdentityKey, field: 'email' | 'phone', value: string): Promise<void> {
    const jwt = this.#jwt('the JWT of a job', selfSigned(key, claimsOf(field, value)));
    const { job } = JSON.parse(this.heard('a job', true, await requestJob(this.#clients, wire, jwt)).body) as { job: string };
    this.jobs.push({ name: 'a job', value: job });
    const code = await this.#code(key);
    const wrong = wrongCode(code);
    this.codes.push(wrong);
    this.heard('an unconfirmed job', false, await updateJob(this.#clients, wire, job));
    this.heard('a wrong code', false, await confirmJob(this.#clients, wire, job, wrong));
    this.heard('a JWT as a code', false, await confirmJob(this.#clients, wire, job, jwt));
    this.heard('a code', true, await confirmJob(this.#clients, wire, job, code));
    this.heard('a JWT that nobody trusts', false, await updateJob(this.#clients, wire, job, jwt));
    const signed = this.#jwt('a countersigned JWT', jwtIn(await updateJob(this.#clients, wire, job)));
    assert.equal((await retrieveJob(this.#clients, wire, job, 'application/jwt')).body.includes(signed), true, 'GET shows it');
    this.heard('a job as JSON', true, await retrieveJob(this.#clients, wire, job));
    // That of the number stays, and lies there signed.
    if (field === 'phone') return;
    if (this.#hasMail) await this.#attempted(key, 'EMAIL');
    this.heard('the end of a job', true, await deleteJob(this.#clients, wire, job));
  }

  async #login(wire: Wire, key: IdentityKey): Promise<void> {
    const token = this.#jwt('a push token', pushToken(key));
    this.heard('a login', true, await login(this.#clients, wire, token));
    await this.#attempted(key, 'PUSH');
    this.heard('a login elsewhere', false, await login(this.#clients, wire, token, `https://elsewhere.example/${this.know('a callback', 'path-of-a-callback')}`));
  }

  /** Waits for the first attempt to send a message, which is known to fail. */
  async #attempted({ pk }: IdentityKey, channel: 'EMAIL' | 'PUSH'): Promise<void> {
    for (const until = Date.now() + 10_000; Date.now() < until; await sleep(50)) {
      const { rows: [row] } = await this.#sql.query<{ error: string }>('select last_error as error from message where pk = $1 and channel = $2 and last_error is not null', [pk, channel]);
      if (row === undefined) continue;
      this.failures.set(channel, row.error);
      return;
    }
    assert.fail(`nobody tries to send ${channel}`);
  }

  async #revocation(wire: Wire, key: IdentityKey, email: string, phone: string): Promise<void> {
    this.heard('a code for a revocation', true, await revokeNosecret(this.#clients, wire, { email, phone }));
    const code = await this.#code(key);
    this.heard('a code while one is open', false, await revokeNosecret(this.#clients, wire, { email, phone }));
    this.heard('a wrong code for a revocation', false, await revokeNosecret(this.#clients, wire, { email, phone, code: wrongCode(code, 7) }));
    this.heard('a revocation of nobody', false, await revokeNosecret(this.#clients, wire, { email: this.know('an address of nobody', 'nobody-at-all@leaks.example'), phone }));
    this.heard('a revocation by code', true, await revokeNosecret(this.#clients, wire, { email, phone, code }));
  }

  /** What is written fails in the database, which tells of the statement and its values. */
  async storageFaults(): Promise<void> {
    const tables = ['audit_event', 'identity', 'identity_address', 'identity_job', 'message', 'sending_budget', 'issuer_key', 'identity_revocation', 'trusted_issuer'];
    for (const [index, table] of tables.entries()) {
      await this.#sql.query(`alter table ${table} rename to away`);
      const wire = WIRES[index % WIRES.length] ?? 'rest';
      const email = this.know(`an address while ${table} is away`, `away-${table.replaceAll('_', '-')}-${wire}@leaks.example`);
      const key = newIdentityKey();
      const jwt = this.#jwt(`a JWT while ${table} is away`, selfSigned(key, { email, devtoken: this.know('a device token at a fault', `away-token-${table}-${wire}`) }));
      const answers = [await sendKey(this.#clients, wire, 'keyRegister', { jwt }), await sendKey(this.#clients, wire, 'keyBind', { pk: key.pk, jwt })];
      answers.push(await requestJob(this.#clients, wire, this.#jwt('the JWT of a job at a fault', selfSigned(key, claimsOf('email', email)))));
      answers.push(await revokeNosecret(this.#clients, wire, { email, phone: '+31201234567', code: '123456' }));
      for (const answer of answers) this.told.push({ place: `the answer ${answer.status} without ${table}`, text: JSON.stringify([answer.body, ...answer.headers]) });
      await this.#sql.query(`alter table away rename to ${table}`);
    }
    assert.ok(this.told.filter(({ place }) => place.startsWith('the answer 500') || place.startsWith('the answer 13 ')).length >= 6, 'too little has failed');
  }

  /** What the operator sees and does, and what is refused to it. */
  async operator(): Promise<void> {
    const send = (method: string, target: string, body?: object): Promise<Answer> =>
      this.#clients.rest.send({ method, target, headers: [['Authorization', `Bearer ${OPERATOR_TOKEN}`], ['Content-Type', 'application/json']], body: body && JSON.stringify(body) });
    const recipient = encodeURIComponent('leaky.person-rest@leaks.example');
    this.heard('GET /v1/messages', true, await send('GET', `/v1/messages?recipient=${recipient}`));
    this.heard('GET /v1/messages', false, await send('GET', `/v1/messages?recipient=${recipient}&page_token=x`));
    this.heard('a rotation', true, await send('POST', '/v1/issuer-keys:rotate'));
    const privateJwk = newIdentityKey().privateKey.export({ format: 'jwk' });
    this.know('a private key in the place of a public one', String(privateJwk.d));
    this.heard('a private key to trust', false, await send('POST', '/v1/trusted-issuers', { issuer: 'x', public_key: JSON.stringify(privateJwk) }));
  }
}

function seedOf(privateKey: KeyObject): Buffer {
  return Buffer.from(String(privateKey.export({ format: 'jwk' }).d), 'base64url');
}
