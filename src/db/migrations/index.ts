import { Migration0001 } from './migration_0001.ts';
import { Migration0002 } from './migration_0002.ts';
import { Migration0003 } from './migration_0003.ts';
import { Migration0004 } from './migration_0004.ts';

/** Every migration, in order. A released one is never changed. */
export const migrationsList = [
  { name: '0001', class: Migration0001 },
  { name: '0002', class: Migration0002 },
  { name: '0003', class: Migration0003 },
  { name: '0004', class: Migration0004 },
];
