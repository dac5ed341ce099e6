import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { DeviceSecretServiceService } from '../../gen/keyturn/v1/device_secret_service.ts';
import { execute } from '../support/postgres.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { createAccessKey, createToken, createUser, signed, tokenRequest } from '../support/iotda.ts';
import type { TestService } from '../support/service.ts';
import { keyturn, operatorOf } from '../cli/keyturn.ts';
import type { BothClients, KeyFolder } from '../services/folder_service.ts';
import type { Answer } from '../wire/answer.ts';
import { makeUpdate, sendTo } from '../wire/harness.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import type { Pair } from '../crypto/keys.ts';
import { urlOf } from './observed.ts';
import type { Haystack, Secret } from './needles.ts';

type Headers = readonly (readonly [string, string])[];

const HOUR = '2026010203';
const JSON_TYPE = ['Content-Type', 'application/json'] as const;
const OPERATOR: Headers = [['Authorization', `Bearer ${OPERATOR_TOKEN}`], JSON_TYPE];

/** What a service is put through, the secrets of that, and what its callers were told of refusals. */
export class Life {
  readonly secrets: Secret[] = [{ name: "the operator's token", value: OPERATOR_TOKEN }];
  readonly told: Haystack[] = [];
  readonly #service: TestService;
  readonly #clients: BothClients;
  readonly #folder: KeyFolder;

  constructor(service: TestService, clients: BothClients, folder: KeyFolder) {
    this.#service = service;
    this.#clients = clients;
    this.#folder = folder;
    this.know('the password of the database', service.app.embedded?.password ?? assert.fail());
    this.#knowMasterKeys();
  }

  know<T extends string | Buffer>(name: string, value: T): T {
    this.secrets.push({ name, value });
    return value;
  }

  /** Calls over REST; what is refused is told of, and must be as expected. */
  async rest(status: number, method: string, target: string, headers: Headers, body?: string): Promise<Answer> {
    const answer = await this.#clients.rest.send({ method, target, headers, ...(body === undefined ? {} : { body }) });
    return this.#heard(status, `${method} ${target}`, answer);
  }

  #heard(status: number, what: string, answer: Answer): Answer {
    assert.equal(answer.status, status, `${what}: ${answer.status} ${answer.body}`);
    if (status !== 0 && status >= 400) this.told.push({ place: `the answer ${answer.status} to ${what.split('?', 1)[0]}`, text: JSON.stringify([answer.body, ...answer.headers]) });
    return answer;
  }

  #knowMasterKeys(): void {
    for (const { id, key } of this.#folder.keys) this.know(`the master key ${id}`, key);
  }

  #knowPair(name: string, { privateKey }: Pair): void {
    this.know(`${name}'s private key as PKCS#8`, privateKey.export({ type: 'pkcs8', format: 'der' }));
    this.know(`${name}'s private key`, Buffer.from(String(privateKey.export({ format: 'jwk' }).d), 'base64url'));
  }

  /** Keys of devices: registered, updated, refused. */
  async deviceKeys(): Promise<void> {
    const pair = newPair();
    this.#knowPair('keyed', pair);
    await this.rest(200, 'POST', '/v1/devices', OPERATOR, JSON.stringify({ device_id: 'keyed', public_key: pemOf(pair) }));
    const privateJwk = JSON.stringify(pair.privateKey.export({ format: 'jwk' }));
    await this.rest(400, 'POST', '/v1/devices', OPERATOR, JSON.stringify({ device_id: 'wrong', public_key: privateJwk }));
    const device = { id: 'keyed', pair, kind: 'P-256' } as const;
    for (const wire of ['grpc', 'rest'] as const) {
      const update = makeUpdate(device);
      this.#knowPair(`the next of keyed over ${wire}`, update.next);
      const jwt = this.know(`the JWT over ${wire}`, update.jwt);
      const pop = this.know(`the proof over ${wire}`, update.pop);
      this.#heard(wire === 'rest' ? 403 : 7, 'a proof of another', await sendTo(this.#clients, wire, { authorization: jwt, pop: makeUpdate(device).pop }));
      this.#heard(wire === 'rest' ? 400 : 3, 'a proof that is none', await sendTo(this.#clients, wire, { authorization: jwt, pop: `${pop.slice(0, -8)}!` }));
      const changed = this.know(`a JWT over ${wire} that was changed`, `${jwt.slice(0, -10)}AAAAAAAAAA`);
      this.#heard(wire === 'rest' ? 401 : 16, 'a changed JWT', await sendTo(this.#clients, wire, { authorization: changed, pop }));
      if (wire === 'rest') this.#heard(200, 'an update', await sendTo(this.#clients, wire, { authorization: jwt, pop }));
    }
  }

  /** Users and access keys with all that they get; returns headers that let them in, for a request. */
  async applications(): Promise<(method: string, path: string, body?: string) => Promise<Headers[]>> {
    const user = await createUser(this.#service, { password: this.know("a user's first password", "first pass'word \u00e4\u00f6") });
    const later = this.know("a user's password", 'later-pass"word\\with quotes');
    const first = this.know("a user's first token", await createToken(this.#service, user));
    await this.rest(200, 'POST', `/v1/users/${user.userId}:setPassword`, OPERATOR, JSON.stringify({ password: later }));
    await this.rest(401, 'GET', '/v3/projects', [['X-Auth-Token', first]]);
    const token = this.know("a user's token", await createToken(this.#service, { ...user, password: later }));
    const wrong = this.know('a password that is wrong', 'never-a-password-of-anyone');
    await this.rest(401, 'POST', '/v3/auth/tokens', [JSON_TYPE], JSON.stringify(tokenRequest({ ...user, password: wrong })));
    await this.rest(400, 'POST', '/v3/auth/tokens', [JSON_TYPE], JSON.stringify(tokenRequest({ ...user, password: wrong })).slice(0, -3));
    await this.rest(400, 'POST', '/v1/users', OPERATOR, JSON.stringify({ name: 'n', domain: 'd', project_id: 'default', password: [wrong] }));
    await this.rest(409, 'POST', '/v1/users', OPERATOR, JSON.stringify({ name: user.name, domain: user.domain, project_id: 'default', password: wrong }));
    const key = await createAccessKey(this.#service);
    this.know('a secret key', key.secretKey);
    for (const header of [['X-Auth-Token', this.know('a token of nobody', 'A'.repeat(30) + 'nobody')], ['Authorization', `Bearer ${this.know('a bearer of nobody', 'bearer-token-of-nobody')}`]] as const) {
      await this.rest(401, 'GET', '/v5/iot/default/devices', [header]);
      await this.rest(401, 'GET', '/v1/devices', [header]);
    }
    return async (method, path, body) => {
      const [target = path, query] = path.split('?');
      const pairs = query === undefined ? {} : { query: query.split('&').map((pair) => pair.split('=') as [string, string]) };
      const own = signed(this.#service, key, { method, path: target, ...pairs, body, headers: [JSON_TYPE] });
      const authorization = own.headers.find(([name]) => name === 'Authorization')?.[1] ?? assert.fail();
      this.know(`the signature of ${method} ${path}`, /Signature=(\w+)$/.exec(authorization)?.[1] ?? assert.fail());
      return [[['X-Auth-Token', token], JSON_TYPE], own.headers, [['X-Auth-Token', OPERATOR_TOKEN], JSON_TYPE]];
    };
  }

  /** Secrets of devices: given, generated, replaced, replayed, shown, refused. */
  async deviceSecrets(headersFor: (method: string, path: string, body?: string) => Promise<Headers[]>): Promise<void> {
    const at = '/v5/iot/default/devices';
    const secrets = { operator: 'Given-by_operator', added: 'Given-by_added', reset: 'Given-by_reset-1', line: 'Given-by_line-2' };
    for (const [name, value] of Object.entries(secrets)) this.know(`the secret given by ${name}`, value);
    await this.rest(200, 'POST', '/v1/devices', OPERATOR, JSON.stringify({ device_id: 'one', secret: secrets.operator }));
    const add = JSON.stringify({ device_id: 'two', node_id: 'two', product_id: 'p', auth_info: { secret: secrets.added } });
    await this.rest(201, 'POST', at, (await headersFor('POST', at, add))[1] ?? [], add);
    const added = await keyturn(['device', 'add', 'three', '--secret-file', '-'], { environment: operatorOf(this.#service), stdin: secrets.line });
    assert.equal(added.code, 0, added.stderr);
    this.told.push({ place: 'the command line', text: added.stdout + added.stderr });
    const path = `${at}/one/action?action_id=resetSecret`;
    for (const [index, body] of ['', JSON.stringify({ secret: secrets.reset, secret_type: 'SECONDARY', force_disconnect: true }), '{"secret_type":"SECONDARY"}'].entries()) {
      for (const [way, headers] of (await headersFor('POST', path, body)).entries()) {
        for (const repeat of [1, 2]) {
          const answer = await this.rest(200, 'POST', path, [...headers, ['Idempotency-Key', `key-${index}-${way}`]], body);
          const { secret } = JSON.parse(answer.body) as { secret: string };
          if (repeat === 1 && secret !== secrets.reset) this.know(`the secret made by reset ${index} ${way}`, secret);
        }
      }
    }
    await this.rest(422, 'POST', path, [['X-Auth-Token', OPERATOR_TOKEN], JSON_TYPE, ['Idempotency-Key', 'key-1-0']], JSON.stringify({ secret: secrets.line }));
    await this.rest(200, 'GET', `${at}/one`, (await headersFor('GET', `${at}/one`))[0] ?? []);
    await this.#refusedSecrets(path, at);
    await this.#connections('two', secrets.added);
  }

  async #refusedSecrets(path: string, at: string): Promise<void> {
    const operator = [['X-Auth-Token', OPERATOR_TOKEN], JSON_TYPE] as const;
    const refused = this.know('a secret that was refused', 'Refused.secret.with.dots');
    for (const body of [`{"secret":"${refused}"}`, `{"secret":"${refused}`, `["${refused}"]`, `{"secret":{"${refused}":1}}`, `{"secret":"a","secret":"${refused}"}`, refused]) {
      await this.rest(400, 'POST', path, operator, body);
      await this.rest(400, 'POST', '/v1/devices', OPERATOR, `{"device_id":"four","secret":${body}`);
    }
    await this.rest(400, 'POST', '/v1/devices', OPERATOR, JSON.stringify({ device_id: 'four', secret: refused }));
    await this.rest(400, 'GET', `${at}?limit=1&secret=${refused}`, operator);
    await this.rest(404, 'POST', `/v5/iot/default/${refused}`, operator);
    await this.rest(404, 'POST', `${at}/nobody/action?action_id=resetSecret`, operator, '{"secret":"Given-by_reset-1"}');
  }

  /** Connections of a device, and tokens for its password. */
  async #connections(deviceId: string, secret: string): Promise<void> {
    const good = this.know('the password of a device', createHmac('sha256', HOUR).update(secret).digest('hex'));
    const bad = this.know('a password that is not of the device', createHmac('sha256', HOUR).update('another').digest('hex'));
    for (const [password, code] of [[good, 0], [bad, 4]] as const) {
      const answer = await this.#clients.grpc.call(
        DeviceSecretServiceService.authenticateConnection, { clientId: `${deviceId}_0_0_${HOUR}`, userName: deviceId, password }, [['authorization', `Bearer ${OPERATOR_TOKEN}`]],
      );
      assert.equal((JSON.parse(answer.body) as { return_code: number }).return_code, code);
      const body = JSON.stringify({ device_id: deviceId, sign_type: 0, timestamp: HOUR, password });
      const token = await this.rest(code === 0 ? 200 : 401, 'POST', '/v5/device-auth', [JSON_TYPE], body);
      if (code === 0) this.know("a device's access token", (JSON.parse(token.body) as { access_token: string }).access_token);
    }
  }

  /** What is written fails in the database, which tells of the statement and its values. */
  async storageFaults(): Promise<void> {
    const operator = [['X-Auth-Token', OPERATOR_TOKEN], JSON_TYPE] as const;
    const user = await createUser(this.#service, { password: this.know("a password before the fault", 'password-before-the-fault') });
    for (const table of ['audit_event', 'device_secret', 'access_key', 'iam_user', 'iam_token']) {
      await execute(urlOf(this.#service), `alter table ${table} rename to away`);
      const secret = this.know(`a secret while ${table} is away`, `Away_${table.replaceAll('_', '-')}-secret`);
      const attempts = [
        ['/v5/iot/default/devices/one/action?action_id=resetSecret', operator, JSON.stringify({ secret })],
        ['/v1/devices', OPERATOR, JSON.stringify({ device_id: `away-${table}`, secret })],
        ['/v1/users', OPERATOR, JSON.stringify({ name: table, domain: 'd', project_id: 'default', password: secret })],
        ['/v1/access-keys', OPERATOR, '{"project_id":"default"}'],
        ['/v3/auth/tokens', [JSON_TYPE], JSON.stringify(tokenRequest(user))],
      ] as const;
      for (const [target, headers, body] of attempts) {
        const answer = await this.#clients.rest.send({ method: 'POST', target, headers, body });
        if (answer.status >= 400) this.told.push({ place: `the answer ${answer.status} without ${table}`, text: JSON.stringify([answer.body, ...answer.headers]) });
        else this.#knowAnswer(answer);
      }
      await execute(urlOf(this.#service), `alter table away rename to ${table}`);
    }
    assert.ok(this.told.filter(({ place }) => place.startsWith('the answer 500')).length >= 5, 'too little has failed');
  }

  #knowAnswer({ body, headers }: Answer): void {
    const members = JSON.parse(body) as { secret_key?: string };
    if (members.secret_key !== undefined) this.know('a secret key during a fault', members.secret_key);
    const [token] = headers.get('x-subject-token') ?? [];
    if (token !== undefined) this.know('a token during a fault', token);
  }

  /** Master keys: rotated and listed, and all encrypted anew. */
  async masterKeys(): Promise<void> {
    for (const args of [['rotate'], ['reencrypt'], ['list', '--json']]) {
      const { code, stdout, stderr } = await keyturn(['keyring', ...args], { environment: operatorOf(this.#service) });
      assert.equal(code, 0, stderr);
      this.told.push({ place: `keyturn keyring ${args[0]}`, text: stdout + stderr });
    }
    this.#knowMasterKeys();
    assert.equal(this.#folder.keys.length, 2);
  }
}
