import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeviceError, rotate } from '../../src/device/rotate.ts';
import type { DeviceFiles, FleetOrder, LedgerLine } from './messages.ts';

/** Devices that rotate without end, until the parent lets go of them; then each ends with the run that it is in. */
const order = JSON.parse(process.argv[2] ?? '') as FleetOrder;
const target = { url: new URL(order.url) };
// A terminal sends it to parent and child; the parent says what follows.
process.on('SIGINT', () => {});

/** One run of `keyturn rotate`, and the pause after one that was given up; milliseconds. */
const TIMEOUT = 2_000;
const FIRST_PAUSE = 20;

function record(line: LedgerLine): void {
  appendFileSync(order.ledger, `${JSON.stringify(line)}\n`);
}

/** The parent may be letting go at this very moment. */
function tell(): void {
  if (process.connected) process.send?.('rotated', undefined, undefined, () => {});
}

async function run({ deviceId, keyFile, stateFolder }: DeviceFiles): Promise<void> {
  while (process.connected) {
    try {
      const rotated = await rotate({ target, deviceId, keyFile, stateFolder, lifetime: 600, timeout: TIMEOUT, firstPause: FIRST_PAUSE });
      record({ deviceId, old: rotated.previousThumbprint, next: rotated.thumbprint });
      tell();
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      if (error.trouble !== 'failed') return record({ deviceId, refused: error.message });
      await sleep(FIRST_PAUSE);
    }
  }
}

// Keeps the channel open, so that the end of the parent is noticed.
process.on('disconnect', () => {});
await Promise.all(order.devices.map(run));
if (process.connected) process.disconnect();
