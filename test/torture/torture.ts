import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Application } from './application.ts';
import { auditBooks, keysOnTwoDevices } from './books.ts';
import { addDevice, whyBricked } from './devices.ts';
import type { Device } from './devices.ts';
import { Fleet } from './fleet.ts';
import { KILLS } from './kills.ts';
import type { LedgerLine } from './messages.ts';
import { Service } from './service.ts';

export interface TortureOptions {
  readonly devices: number;
  readonly kills: number;
  /** Hears of what happens, line by line. */
  readonly progress: (line: string) => void;
  /** Ends the run early, by an error. */
  readonly signal?: AbortSignal;
}

export interface Report {
  /** Devices that were refused for good, or that cannot rotate at the end. */
  readonly bricked: number;
  /** Acknowledged rotations and answered resets that the service does not have, and whatever else in its books does not agree. */
  readonly lost: number;
  readonly kills: number;
  /** Rotations that the service has. */
  readonly rotations: number;
  /** Resets of secrets that were answered. */
  readonly resets: number;
  /** Each of the bricked and the lost in words. */
  readonly faults: readonly string[];
}

/** Devices share processes, so that a power cut takes some of them and not all. */
const FLEETS = 4;
/** Applications, each of which resets the secrets of a device of its own. */
const APPLICATIONS = 4;
/** Between two kills the devices get as many rotations done as there are devices; then the next comes within this time, in milliseconds. */
const MOST_PAUSE = 400;
/** How long nothing may get done after a kill, milliseconds. */
const PATIENCE = 60_000;
/** Every so many kills of the service some of the devices lose their power, too. */
const KILLS_TO_POWER_CUT = 3;

/**
 * Kills a service again and again while devices rotate their keys and applications reset secrets, and compares at the end
 * what devices and applications were told, what they have, and what the service has. Needs about two seconds for each kill.
 */
export async function torture(options: TortureOptions): Promise<Report> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-torture-'));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  const service = stack.use(await Service.start(folder));
  await mkdir(join(folder, 'devices'), { mode: 0o700 });
  const ids = Array.from({ length: options.devices }, (_, index) => `device-${index + 1}`);
  const devices = await Promise.all(ids.map((id) => addDevice(service, join(folder, 'devices'), id)));
  const fleets = Array.from({ length: Math.min(FLEETS, options.devices) }, (_, index) => {
    const own = devices.filter((_device, position) => position % FLEETS === index);
    const order = { url: service.url, ledger: join(folder, `ledger-${index}`), devices: own };
    return stack.use(new Fleet(order, join(folder, 'compiled')));
  });

  const applications = await Promise.all(Array.from({ length: APPLICATIONS }, (_, index) => Application.start(service, `secret-${index + 1}`)));
  const stop = () => Promise.all(applications.map((application) => application.stop()));

  const killed = await killAll(service, fleets, options).finally(stop);
  await Promise.all(fleets.map((fleet) => fleet.stop()));
  options.signal?.throwIfAborted();
  options.progress('all kills are done; every device rotates once more');
  // Awaited here: what it needs must still be there.
  const report = await compare(service, devices, fleets.flatMap((fleet) => fleet.ledger()), killed);
  return await withResets(report, service, applications);
}

/** Returns the number of kills, which is less than was asked for if nothing gets done after one of them. */
async function killAll(service: Service, fleets: readonly Fleet[], { devices, kills, progress, signal }: TortureOptions): Promise<number> {
  const total = (): number => fleets.reduce((sum, { rotations }) => sum + rotations, 0);
  const flows = async (): Promise<boolean> => {
    const enough = total() + devices;
    for (const until = Date.now() + PATIENCE; Date.now() < until; await sleep(10)) {
      signal?.throwIfAborted();
      if (total() >= enough) return true;
    }
    return false;
  };
  for (let done = 0; ; done += 1) {
    if (!(await flows())) {
      progress(`after kill ${done} nothing gets done any more`);
      return done;
    }
    if (done === kills) return done;
    await sleep(Math.random() * MOST_PAUSE);
    const kill = KILLS[done % KILLS.length];
    if (kill === undefined) throw new Error('there is no way to kill');
    await kill.act(service);
    const fleet = fleets[Math.floor(done / KILLS_TO_POWER_CUT) % fleets.length];
    const isCut = done % KILLS_TO_POWER_CUT === 0;
    if (isCut) await fleet?.powerCut();
    progress(`kill ${done + 1} of ${kills}: ${kill.name}${isCut ? ', and a power cut of some devices' : ''}; ${total()} rotations so far`);
  }
}

async function withResets(report: Omit<Report, 'resets'>, service: Service, applications: readonly Application[]): Promise<Report> {
  const lost = (await Promise.all(applications.map((application) => application.compare(service.keyRing())))).flat();
  const resets = applications.reduce((sum, application) => sum + application.resets, 0);
  return { ...report, lost: report.lost + lost.length, resets, faults: [...report.faults, ...lost] };
}

async function compare(service: Service, devices: readonly Device[], ledger: readonly LedgerLine[], kills: number): Promise<Omit<Report, 'resets'>> {
  const unable = await Promise.all(devices.map((device) => whyBricked(service, device)));
  const refused = new Map(ledger.flatMap((line) => ('refused' in line ? [[line.deviceId, `${line.deviceId}: ${line.refused}`]] : [])));
  const bricked = devices.flatMap(({ deviceId }, index) => unable[index] ?? refused.get(deviceId) ?? []);
  const { databaseUrl } = service;
  let rotations = 0;
  const lost = (await keysOnTwoDevices(databaseUrl)).map((thumbprint) => `the key ${thumbprint} is on two devices`);
  for (const { deviceId, first } of devices) {
    const acknowledged = ledger.flatMap((line) => ('next' in line && line.deviceId === deviceId ? [line] : []));
    const audit = await auditBooks(databaseUrl, { deviceId, first, acknowledged });
    rotations += audit.rotations;
    lost.push(...audit.lost, ...audit.faults);
  }
  return { bricked: bricked.length, lost: lost.length, kills, rotations, faults: [...bricked, ...lost] };
}
