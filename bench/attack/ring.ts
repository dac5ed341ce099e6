import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashPassword } from '../../src/crypto/password.ts';
import { passwordText } from '../../src/crypto/password_text.ts';
import { selfSigned } from '../../test/device/certificate.ts';
import { Child } from '../child.ts';
import { deviceIdOf, seedFleet } from '../fleet.ts';
import { cpuSeconds, residentMegabytes } from '../process_stat.ts';
import { keyturnPorts, spawnKeyturn } from '../server.ts';
import { withClient } from '../workbench.ts';
import type { Workbench } from '../workbench.ts';
import { PeakMemory } from './memory.ts';
import { LANES, TOKEN_LANES, newTally } from './protocol.ts';
import type { DevicesOptions, DevicesReply, LaneResult, Tally, Target } from './protocol.ts';
import type { Stage } from './scenarios.ts';
import { RESOURCE_SERVER } from './token_lanes.ts';
import { resultOf } from './verdict.ts';
import type { Result } from './verdict.ts';

const HOST = '127.0.0.1';
const PACE_MS = 200;
const WARM_UP_MS = 2_000;
/** Between two attacks: what the last one has left behind goes. */
const PAUSE_MS = 1_500;

export interface Fight {
  readonly name: string;
  readonly attack: string | undefined;
  readonly connections: number;
  readonly source?: string;
}

/** A service with its good devices, ready to be attacked. */
export class Ring implements AsyncDisposable {
  readonly #bench: Workbench;
  readonly #service: Child;
  readonly #devices: Child;
  readonly #ports: { rest: number; grpc: number };

  private constructor(bench: Workbench, service: Child, devices: Child, ports: { rest: number; grpc: number }) {
    this.#bench = bench;
    this.#service = service;
    this.#devices = devices;
    this.#ports = ports;
  }

  static async open(bench: Workbench, stage: Stage): Promise<Ring> {
    const name = `attacked_${stage}`;
    const hasTls = stage === 'tls';
    const lanes = stage === 'tokens' ? TOKEN_LANES : LANES;
    const databaseUrl = await bench.createDatabase(name);
    const folder = await bench.makeFolder(`devices-${name}`);
    const tls = hasTls ? writeTls(folder) : undefined;
    const settings = { KEYTURN_DATABASE_URL: databaseUrl, KEYTURN_OPERATOR_TOKEN: 'attack-operator-token', KEYTURN_MASTER_KEYS: `attack:${Buffer.alloc(32, 7).toString('base64')}`, ...tls?.settings, ...(stage === 'tokens' ? await tokenSettings() : {}) };
    const service = spawnKeyturn(bench, { name, settings, core: bench.cores.server });
    const ports = await keyturnPorts(service);
    const scheme = hasTls ? 'https' : 'http';
    const options: DevicesOptions = { http: `${scheme}://${HOST}:${ports.rest}`, grpc: `${scheme}://${HOST}:${ports.grpc}`, ca: tls?.ca, folder, pace: PACE_MS, lanes };
    const devices = spawn(bench, 'the good devices', 'devices.ts', [JSON.stringify(options)]);
    const [reply] = (await once(devices.process, 'message')) as [DevicesReply];
    if (reply.kind !== 'keys') throw new Error('the devices have no keys');
    await seedFleet(databaseUrl, lanes.length, lanes.map((_, index) => index + 1), reply.keys);
    await withClient(databaseUrl, (client) => client.query("update device set scopes = '{refresh.token}'"));
    const ring = new Ring(bench, service, devices, ports);
    await ring.#rotate(() => sleep(WARM_UP_MS));
    return ring;
  }

  /** One attack, with a calm moment before it. */
  async fight({ name, attack, connections, source = HOST }: Fight, seconds: number): Promise<Result> {
    await sleep(PAUSE_MS);
    const { pid } = this.#service;
    const restMegabytes = await residentMegabytes(pid);
    using peak = await PeakMemory.watch(pid);
    const before = await cpuSeconds(pid);
    let tally = newTally();
    const lanes = await this.#rotate(async () => {
      if (attack === undefined) return sleep(seconds * 1000);
      const target: Target = { host: HOST, http: this.#ports.rest, grpc: this.#ports.grpc, source, connections, deviceId: deviceIdOf(1) };
      tally = await this.#attack(attack, target, seconds);
    });
    const measured = { name, seconds, lanes, tally, restMegabytes, cpuSeconds: (await cpuSeconds(pid)) - before };
    return resultOf({ ...measured, peakMegabytes: await peak.megabytes() });
  }

  async #attack(attack: string, target: Target, seconds: number): Promise<Tally> {
    await using attacker = spawn(this.#bench, `the attacker ${attack}`, 'attacker.ts', [attack, JSON.stringify(target)], this.#bench.cores.load);
    await sleep(seconds * 1000);
    attacker.process.send('tell');
    const [tally] = (await once(attacker.process, 'message')) as [Tally];
    return tally;
  }

  /** What the devices do meanwhile. */
  async #rotate(meanwhile: () => Promise<void>): Promise<readonly LaneResult[]> {
    this.#devices.process.send({ kind: 'start' });
    await meanwhile();
    this.#devices.process.send({ kind: 'stop' });
    const [reply] = (await once(this.#devices.process, 'message')) as [DevicesReply];
    if (reply.kind !== 'result') throw new Error('the devices have no result');
    return reply.lanes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#devices[Symbol.asyncDispose]();
    await this.#service[Symbol.asyncDispose]();
  }
}

function spawn(bench: Workbench, name: string, file: string, args: readonly string[], core?: number): Child {
  const script = new URL(file, import.meta.url);
  return bench.own(new Child(name, { script, args, stdio: ['ignore', 'inherit', 'inherit', 'ipc'], core }));
}

/** So that the good ones are not refused for what they do themselves. */
async function tokenSettings(): Promise<Record<string, string>> {
  const clients = [{ name: RESOURCE_SERVER.name, password_hash: passwordText(await hashPassword(RESOURCE_SERVER.password)) }];
  return {
    KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '6000',
    KEYTURN_IOTHENTIX_MAX_RENEWALS: '100000',
    KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: JSON.stringify(clients),
  };
}

function writeTls(folder: string): { ca: string; settings: Record<string, string> } {
  const { cert, key } = selfSigned();
  const paths = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(paths.cert, cert);
  writeFileSync(paths.key, key, { mode: 0o600 });
  return { ca: cert, settings: { KEYTURN_TLS_CERT: paths.cert, KEYTURN_TLS_KEY: paths.key } };
}
