import { stopServer } from '../../support/postgres.ts';
import { reportTo } from '../reports.ts';
import { setStage } from './stage.ts';
import { stateOf } from './state.ts';

/** The process of the real service, on a database of its own, for which requests of identity keys are broken. */
const { bench, material } = await setStage();
const { service, sql } = bench;
const { keys } = material.guarded;
const state = await stateOf(sql, keys);
const portOf = (address: string): number => Number(address.split(':').at(-1));

reportTo(
  {
    lines: service.lines,
    port: portOf(service.url),
    corpus: { kind: 'identity', material, grpcPort: portOf(service.grpc) },
    look: async () => ((await stateOf(sql, keys)) === state ? [] : ['something of a key has changed for which no request had a proof']),
  },
  async () => {
    await bench[Symbol.asyncDispose]();
    await stopServer();
  },
);
