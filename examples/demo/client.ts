import { connect } from 'node:net';

/** An answer as it came over the wire. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** Whether it repeats the answer to an earlier, identical request. */
  readonly replayed: boolean;
}

/** Talks to a running Keyturn over REST: as a device, and as its operator. */
export class DemoClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, operatorToken: string) {
    this.#url = url;
    this.#token = operatorToken;
  }

  /** A device replaces its key; without `pop` the body has no proof. */
  update(jwt: string, pop?: string): Promise<HttpAnswer> {
    return this.#send('POST', '/device/update/pubkey', jwt, pop === undefined ? {} : { pop });
  }

  /** A device replaces its key, and its connection breaks before it has read a byte of the answer. */
  async updateWithLostAnswer(deviceId: string, jwt: string, pop: string): Promise<void> {
    const { hostname, port } = new URL(this.#url);
    const socket = connect(Number(port), hostname);
    const body = JSON.stringify({ pop });
    const head = ['POST /device/update/pubkey HTTP/1.1', `Host: ${hostname}`, `Authorization: ${jwt}`];
    const type = ['Content-Type: application/json', `Content-Length: ${body.length}`];
    socket.write([...head, ...type, '', body].join('\r\n'));
    for (const end = Date.now() + 10_000; (await this.keys(deviceId)).length < 2; ) {
      if (Date.now() > end) throw new Error('the rotation did not come about');
    }
    socket.destroy();
  }

  register(deviceId: string, publicKey: string): Promise<HttpAnswer> {
    return this.#operator('POST', '/v1/devices', { device_id: deviceId, public_key: publicKey });
  }

  remove(deviceId: string): Promise<HttpAnswer> {
    return this.#operator('DELETE', `/v1/devices/${deviceId}`);
  }

  async keys(deviceId: string): Promise<Record<string, string>[]> {
    const answer = await this.#operator('GET', `/v1/devices/${deviceId}/keys`);
    return (JSON.parse(answer.body) as { keys: Record<string, string>[] }).keys;
  }

  async auditEvents(deviceId: string): Promise<Record<string, string>[]> {
    const answer = await this.#operator('GET', `/v1/audit-events?device_id=${deviceId}`);
    return (JSON.parse(answer.body) as { audit_events: Record<string, string>[] }).audit_events;
  }

  #operator(method: string, path: string, body?: object): Promise<HttpAnswer> {
    return this.#send(method, path, `Bearer ${this.#token}`, body);
  }

  async #send(method: string, path: string, authorization: string, body?: object): Promise<HttpAnswer> {
    const answer = await fetch(this.#url + path, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: answer.status,
      body: await answer.text(),
      replayed: answer.headers.get('idempotent-replayed') === 'true',
    };
  }
}
