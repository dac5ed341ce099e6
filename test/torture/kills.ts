import { FAULT_POINTS } from '../../src/fault_points.ts';
import type { Service } from './service.ts';

/** A way to kill the service or its PostgreSQL. Resolves when all runs again. */
export interface Kill {
  readonly name: string;
  readonly act: (service: Service) => Promise<void>;
}

/** How often a call that passes an armed fault point kills the service there. */
const PROBABILITY = 0.2;

/** Every way; a run takes them in turn. */
export const KILLS: readonly Kill[] = [
  ...FAULT_POINTS.map((point): Kill => ({
    name: point,
    async act(service) {
      await service.arm({ point, probability: PROBABILITY });
      await service.untilKilled();
      await service.restart();
    },
  })),
  {
    name: 'service',
    async act(service) {
      await service.kill();
      await service.restart();
    },
  },
  {
    name: 'database',
    async act(service) {
      service.killDatabase();
    },
  },
  {
    name: 'service and database',
    async act(service) {
      service.killDatabase();
      await service.kill();
      await service.restart();
    },
  },
];
