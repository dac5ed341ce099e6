import type { FaultPoint } from '../../src/fault_points.ts';

/** What a service process says once it serves. */
export interface Ready {
  readonly url: string;
  /** HOST:PORT */
  readonly grpc: string;
  readonly databaseUrl: string;
  readonly operatorToken: string;
}

/** Asks a service process to kill itself at a fault point, each time it passes it with this probability. */
export interface Arm {
  readonly point: FaultPoint;
  readonly probability: number;
}

/** A device and its files. */
export interface DeviceFiles {
  readonly deviceId: string;
  readonly keyFile: string;
  readonly stateFolder: string;
}

/** What a process of devices has to do: rotate without end and write down in the ledger what was acknowledged. */
export interface FleetOrder {
  readonly url: string;
  readonly ledger: string;
  readonly devices: readonly DeviceFiles[];
}

/** A line of the ledger: the service has acknowledged a rotation, or has refused the device for good. */
export type LedgerLine =
  | { readonly deviceId: string; readonly old: string; readonly next: string }
  | { readonly deviceId: string; readonly refused: string };
