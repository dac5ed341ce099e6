import { stopServer } from '../../support/postgres.ts';
import { reportTo } from '../reports.ts';
import { setStage } from './stage.ts';
import { Books } from './state.ts';

/** The process of the real service, on a database of its own, for which requests about tokens are broken. */
const { bench, material } = await setStage();
const { service, sql } = bench;
const books = await Books.open(sql, material);
const portOf = (address: string): number => Number(address.split(':').at(-1));

reportTo(
  {
    lines: service.lines,
    port: portOf(service.url),
    corpus: { kind: 'tokens', material, grpcPort: portOf(service.grpc) },
    look: () => books.faults(),
  },
  async () => {
    await bench[Symbol.asyncDispose]();
    await stopServer();
  },
);
