import assert from 'node:assert/strict';
import { hashPassword } from '../../src/crypto/password.ts';
import { passwordText } from '../../src/crypto/password_text.ts';
import type { Environment } from '../../src/config/index.ts';
import type { BothClients } from '../services/folder_service.ts';
import { execute } from '../support/postgres.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import type { Answer, Wire } from '../wire/answer.ts';
import { makeUpdate, sendTo, updated } from '../wire/harness.ts';
import type { Device } from '../wire/harness.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import { createAccessKey, createDevice, freezeDevice, operate } from '../wire/operator.ts';
import { INTROSPECT, authenticationJwt, introspect, issue, renew, tokenIn, verifyJwt } from '../wire/tokens/kit.ts';
import type { Haystack, Secret } from './needles.ts';
import { urlOf } from './observed.ts';

const CLIENT = 'a-resource-server';
const PASSWORD = 'Password_of-the-resource-server';
const WRONG_PASSWORD = 'Wrong_password-of-nobody-at-all';

/** The settings of a service whose introspection needs a name and password. */
export async function settingsWithClient(): Promise<Environment> {
  const clients = [{ name: CLIENT, password_hash: passwordText(await hashPassword(PASSWORD)) }];
  return { KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH: 'true', KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: JSON.stringify(clients) };
}

function basicOf(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

/** What tokens and JWTs of devices are put through, the secrets of that, and what callers were told of refusals. */
export class TokenLife {
  readonly secrets: Secret[] = [];
  readonly told: Haystack[] = [];
  readonly #service: TestService;
  readonly #clients: BothClients;

  constructor(service: TestService, clients: BothClients) {
    this.#service = service;
    this.#clients = clients;
    this.know('the password of a client', PASSWORD);
    this.know('a wrong password', WRONG_PASSWORD);
    for (const password of [PASSWORD, WRONG_PASSWORD]) this.know('an Authorization value', basicOf(CLIENT, password).slice('Basic '.length));
  }

  know<T extends string | Buffer>(name: string, value: T): T {
    this.secrets.push({ name, value });
    return value;
  }

  /** The refusal is told of, and must be as expected. */
  #heard(what: string, isGood: boolean, answer: Answer): Answer {
    const { status, body, headers, wire } = answer;
    assert.equal(status === 0 || (wire === 'rest' && status < 300), isGood, `${what} over ${wire}: ${status} ${body}`);
    if (!isGood) this.told.push({ place: `the answer ${status} to ${what}`, text: JSON.stringify([body, ...headers]) });
    return answer;
  }

  /** It is in all that shows the JWT, and in what shows its end alone. */
  #jwt(device: Device, name = 'a JWT'): string {
    const jwt = authenticationJwt(device);
    this.know(`${name}, its signature`, jwt.slice(jwt.lastIndexOf('.') + 1));
    return jwt;
  }

  #token(answer: Answer): string {
    const { access_token: token } = tokenIn(answer);
    for (const half of token.split('.')) this.know('a half of a token', half);
    return token;
  }

  async register(id: string): Promise<Device> {
    const device = { id, pair: newPair(), kind: 'P-256' } as const;
    this.#heard('a registration', true, await operate(this.#clients, 'rest', createDevice({ device_id: id, public_key: pemOf(device.pair), scopes: ['a', 'refresh.token'] })));
    return device;
  }

  /** Tokens of one device from the first to the freezing of the device over a wire, with what is refused on the way. */
  async device(wire: Wire): Promise<void> {
    const device = await this.register(`leaky-${wire}`);
    const clientId = device.id;
    const clients = this.#clients;
    const spent = this.#jwt(device);
    const token = this.#token(await issue(clients, wire, { authorization: `Bearer ${spent}`, clientId }));
    const renewed = this.#token(await renew(clients, wire, { authorization: token, clientId }));
    const narrow = this.#token(await renew(clients, wire, { authorization: renewed, clientId, scope: 'a' }));
    const unknown = this.know('a token of nobody', `${'no-token-of-anybody-'.padEnd(43, 'n')}.${'x'.repeat(43)}`);
    const changed = this.know('a changed JWT', `${this.#jwt(device).slice(0, -12)}AAAAAAAAAAAA`);
    const other = this.know('what somebody takes for an id', `some-password-over-${wire}`);
    for (const [what, request] of [
      ['a spent JWT', { authorization: spent, clientId }],
      ['a changed JWT', { authorization: changed, clientId }],
      ['a JWT in place of an id', { authorization: this.#jwt(device), clientId: this.#jwt(device) }],
      ['another id', { authorization: this.#jwt(device), clientId: other }],
      ['a token in place of scopes', { authorization: this.#jwt(device), clientId, scope: token }],
      ['an unfinished JWT', { authorization: this.#jwt(device).slice(0, -30), clientId }],
      ['a password in place of a JWT', { authorization: basicOf(CLIENT, PASSWORD), clientId }],
    ] as const) this.#heard(what, false, await issue(clients, wire, request));
    for (const [what, request] of [
      ['a token without the scope', { authorization: narrow, clientId }],
      ['a token of nobody', { authorization: unknown, clientId }],
      ['a JWT in place of a token', { authorization: this.#jwt(device), clientId }],
      ['another client', { authorization: token, clientId: other }],
      ['a token as scopes', { authorization: token, clientId, scope: renewed }],
      ['two tokens', { authorization: token, clientId, headers: [['authorisation', renewed]] }],
    ] as const) this.#heard(what, false, await renew(clients, wire, request));
    await this.#introspections(wire, [token, renewed, unknown, this.#jwt(device)]);
    await this.#checks(device, spent, changed);
    await this.#bodies(device, token);
    const update = makeUpdate(device);
    this.#heard('a rotation', true, await sendTo(clients, wire, { authorization: this.know('an update JWT', update.jwt), pop: update.pop }));
    this.#heard('an update JWT for a token', false, await issue(clients, wire, { authorization: update.jwt, clientId }));
    this.#heard('a JWT by the key before', false, await issue(clients, wire, { authorization: this.#jwt(device), clientId }));
    const next = updated(update);
    this.#token(await issue(clients, wire, { authorization: this.#jwt(next), clientId }));
    await execute(urlOf(this.#service), `update public_key set retired_at = retired_at - interval '1 day'`);
    await this.#service.app.sweeper.sweep();
    await operate(clients, 'rest', freezeDevice({ device_id: device.id }));
    this.#heard('a JWT of a frozen device', false, await issue(clients, wire, { authorization: this.#jwt(next), clientId }));
    this.#heard('a token of a frozen device', false, await renew(clients, wire, { authorization: token, clientId }));
  }

  async #introspections(wire: Wire, texts: readonly string[]): Promise<void> {
    const good = ['authorization', basicOf(CLIENT, PASSWORD)] as const;
    for (const text of texts) this.#heard('an introspection', true, await introspect(this.#clients, wire, text, [good]));
    for (const headers of [[], [['authorization', basicOf(CLIENT, WRONG_PASSWORD)]], [['authorization', basicOf('nobody', PASSWORD)]], [good, ['authorization', basicOf(CLIENT, WRONG_PASSWORD)]]] as const) {
      this.#heard('an introspection without credentials', false, await introspect(this.#clients, wire, texts[0], headers));
    }
    this.#heard('an introspection of too much', false, await introspect(this.#clients, wire, (texts[0] ?? '').repeat(60), [good]));
  }

  async #checks(device: Device, spent: string, changed: string): Promise<void> {
    const { secret_key: secret, access_key: name } = JSON.parse((await operate(this.#clients, 'rest', createAccessKey({ project_id: 'default' }))).body) as { secret_key: string; access_key: string };
    this.know('a secret key', secret);
    const basic = basicOf(name, secret);
    this.know('the Authorization value of an access key', basic.slice('Basic '.length));
    for (const jwt of [this.#jwt(device), spent, changed]) this.#heard('a check', true, await verifyJwt(this.#clients, jwt, basic));
    const wrong = this.know('a wrong secret key', 'wrong-secret-key-of-nobody');
    this.#heard('a check by nobody', false, await verifyJwt(this.#clients, this.#jwt(device), basicOf(name, wrong)));
    for (const authorization of [`Bearer ${OPERATOR_TOKEN}`, basic]) {
      const target = `/v1/devices/${device.id}/jwks.json?include_retired=true`;
      this.#heard('a key set', true, await this.#clients.rest.send({ method: 'GET', target, headers: [['Authorization', authorization]] }));
    }
    this.#heard('a key set for nobody', false, await this.#clients.rest.send({ method: 'GET', target: `/v1/devices/${device.id}/jwks.json`, headers: [['Authorization', basicOf(name, wrong)]] }));
  }

  /** What no schema knows, over REST. */
  async #bodies(device: Device, token: string): Promise<void> {
    const authorization = this.#jwt(device);
    for (const body of [`{"client_id":"${token}`, `{"client_id":["${token}"]}`, `{"client_id":"${device.id}","scope":{"${token}":1}}`]) {
      this.#heard('a broken body', false, await issue(this.#clients, 'rest', { authorization, body }));
      this.#heard('a broken body of a renewal', false, await renew(this.#clients, 'rest', { authorization: token, body }));
    }
    const asForm = [['Content-Type', 'application/x-www-form-urlencoded'], ['Authorization', basicOf(CLIENT, PASSWORD)]] as const;
    this.#heard('an introspection by a form', true, await this.#clients.rest.send({ target: INTROSPECT, headers: asForm, body: `token=${token}` }));
    this.#heard('a token twice', false, await this.#clients.rest.send({ target: INTROSPECT, headers: asForm, body: `token=${token}&token=${token}` }));
    this.#heard('a token in a path', false, await this.#clients.rest.send({ target: `${INTROSPECT}/${token}`, headers: asForm, body: '' }));
    this.#heard('a token in a query', true, await this.#clients.rest.send({ target: `${INTROSPECT}?token=${token}`, headers: asForm, body: `token=${token}` }));
  }

  /** Calls of which each fails in PostgreSQL, which tells why with all that was bound. */
  async storageFaults(): Promise<void> {
    const device = await this.register('leaky-away');
    const clientId = device.id;
    const token = this.#token(await issue(this.#clients, 'rest', { authorization: this.#jwt(device), clientId }));
    for (const table of ['used_jti', 'audit_event', 'device_token', 'device_token_chain']) {
      await execute(urlOf(this.#service), `alter table ${table} rename to away`);
      const answers = [
        await issue(this.#clients, 'rest', { authorization: this.#jwt(device), clientId }), await renew(this.#clients, 'grpc', { authorization: token, clientId }),
        await introspect(this.#clients, 'rest', token, [['authorization', basicOf(CLIENT, PASSWORD)]]), await verifyJwt(this.#clients, this.#jwt(device)),
      ];
      for (const { status, body, headers } of answers) this.told.push({ place: `the answer ${status} without ${table}`, text: JSON.stringify([body, ...headers]) });
      assert.ok(answers.some(({ status }) => status === 500 || status === 13), table);
      await execute(urlOf(this.#service), `alter table away rename to ${table}`);
    }
  }
}
