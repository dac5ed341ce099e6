import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ResetDeviceSecretResponse } from '../../gen/keyturn/v1/device_secret_service.ts';
import { placeOf } from '../../src/crypto/key_ring.ts';
import type { KeyRing } from '../../src/crypto/key_ring.ts';
import type { SecretSlotName } from '../../src/secret_slot.ts';
import { rowsOf } from '../db/fixtures/rotations.ts';
import { operator } from '../faults/fixtures/device.ts';
import { targetOf } from '../wire/resets.ts';
import type { ResetAnswer, ResetBody } from '../wire/resets.ts';
import type { Service } from './service.ts';

/** A reset that the service has answered. */
interface Told extends ResetAnswer {
  readonly key: string;
}

/** What the service has of a device's secrets. */
export interface SecretBooks {
  readonly secrets: Partial<Record<SecretSlotName, string>>;
  /** The answers that are stored, by idempotency key. */
  readonly answers: ReadonlyMap<string, string>;
  readonly audits: number;
  readonly events: number;
}

/** How long one attempt may take, and the pause after one that has failed; milliseconds. */
const TIMEOUT = 3_000;
const PAUSE = 50;
/** How long it goes on to want its last answer once it is to stop, milliseconds. */
const PATIENCE = 60_000;

/**
 * An application that resets the secrets of a device without end, one after the other. After any doubt it sends the same
 * request with the same idempotency key again, until there is an answer.
 */
export class Application {
  readonly #service: Service;
  readonly #deviceId: string;
  readonly #told: Told[] = [];
  readonly #faults: string[] = [];
  #ended: Promise<void> | undefined;
  #stopsAt: number | undefined;

  private constructor(service: Service, deviceId: string) {
    this.#service = service;
    this.#deviceId = deviceId;
  }

  /** Registers its device, and begins. */
  static async start(service: Service, deviceId: string): Promise<Application> {
    const answer = await operator(service.url, service.operatorToken, 'POST', '/v1/devices', { device_id: deviceId });
    if (answer.status !== 200) throw new Error(`${deviceId} could not be registered: ${answer.body}`);
    const application = new Application(service, deviceId);
    application.#ended = application.#run();
    return application;
  }

  /** Resets that were answered. */
  get resets(): number {
    return this.#told.length;
  }

  /** Lets it have its last answer. */
  async stop(): Promise<void> {
    this.#stopsAt = Date.now() + PATIENCE;
    await this.#ended;
  }

  /** What it was told and the service does not have, or the other way round, in words that hold no secret. */
  async compare(ring: KeyRing): Promise<string[]> {
    const books = await readBooks(this.#service.databaseUrl, this.#deviceId, ring);
    return [...this.#faults, ...secretFaults(this.#told, books)].map((fault) => `${this.#deviceId}: ${fault}`);
  }

  async #run(): Promise<void> {
    while (this.#stopsAt === undefined && this.#faults.length === 0) {
      const key = randomUUID();
      const body: ResetBody = {
        secret_type: Math.random() < 0.5 ? 'PRIMARY' : 'SECONDARY',
        force_disconnect: Math.random() < 0.3,
        ...(Math.random() < 0.3 ? { secret: randomBytes(8).toString('hex') } : {}),
      };
      const answer = await this.#insist(key, JSON.stringify(body));
      if (answer !== undefined) this.#told.push({ ...answer, key });
    }
  }

  async #insist(key: string, body: string): Promise<ResetAnswer | undefined> {
    for (;;) {
      const answer = await this.#send(key, body).catch(() => undefined);
      if (answer?.status === 200) return JSON.parse(answer.body) as ResetAnswer;
      if (answer !== undefined && answer.status < 500) {
        this.#faults.push(`a reset was refused: ${answer.status} ${answer.body}`);
        return undefined;
      }
      if (this.#stopsAt !== undefined && Date.now() > this.#stopsAt) {
        this.#faults.push('its last reset has no answer');
        return undefined;
      }
      await sleep(PAUSE);
    }
  }

  async #send(key: string, body: string): Promise<{ status: number; body: string }> {
    const response = await fetch(this.#service.url + targetOf(this.#deviceId), {
      method: 'POST',
      headers: { 'x-auth-token': this.#service.operatorToken, 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
      body,
      signal: AbortSignal.timeout(TIMEOUT),
    });
    return { status: response.status, body: await response.text() };
  }
}

/** What does not agree between the answers of a device's resets, in their order, and the books of the service. */
export function secretFaults(told: readonly Told[], { secrets, answers, audits, events }: SecretBooks): string[] {
  const faults: string[] = [];
  for (const { key, ...answer } of told) {
    if (answers.get(key) !== JSON.stringify(answer)) faults.push(`the stored answer of ${key} is not the one that was given`);
  }
  for (const slot of ['PRIMARY', 'SECONDARY'] as const) {
    const last = told.findLast(({ secret_type: type }) => type === slot);
    if (secrets[slot] !== last?.secret) faults.push(`its ${slot} secret is not what was answered last`);
  }
  for (const [what, count] of [['stored answers', answers.size], ['audit events', audits], ['events', events]] as const) {
    if (count !== told.length) faults.push(`${told.length} resets were answered, and there are ${count} ${what}`);
  }
  return faults;
}

async function readBooks(databaseUrl: string, deviceId: string, ring: KeyRing): Promise<SecretBooks> {
  const read = <Row extends object>(text: string) => rowsOf<Row & Record<string, unknown>>(databaseUrl, text, [deviceId]);
  const stored = await read<{ slot: SecretSlotName; key_id: string; box: Buffer }>('select slot, key_id, box from device_secret where device_id = $1');
  const records = await read<{ action: string; key: string; key_id: string; box: Buffer }>('select action, key, key_id, box from idempotency_record where device_id = $1');
  const [counts] = await read<{ audits: number; events: number }>(`select
    (select count(*)::int from audit_event where device_id = $1 and action = 'device_secret.reset') as audits,
    (select count(*)::int from outbox where device_id = $1 and type = 'device_secret.reset') as events`);
  const secrets = stored.map(({ slot, key_id: keyId, box }) => [slot, ring.open(placeOf.deviceSecret(deviceId, slot), { keyId, box }).toString()] as const);
  const answers = records.map(({ action, key, key_id: keyId, box }) => {
    const answer = ResetDeviceSecretResponse.decode(ring.open(placeOf.idempotencyRecord(deviceId, action, key), { keyId, box }));
    return [key, JSON.stringify({ device_id: answer.deviceId, secret: answer.secret, secret_type: answer.secretType })] as const;
  });
  return { secrets: Object.fromEntries(secrets), answers: new Map(answers), audits: counts?.audits ?? 0, events: counts?.events ?? 0 };
}
