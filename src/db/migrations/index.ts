import { Migration0001 } from './migration_0001.ts';
import { Migration0002 } from './migration_0002.ts';

/** Every migration, in order. A released one is never changed. */
export const migrationsList = [
  { name: '0001', class: Migration0001 },
  { name: '0002', class: Migration0002 },
];
