import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { KeyFolder } from '../services/folder_service.ts';
import { Driven, clientsOf } from './clients.ts';
import type { Clients } from './clients.ts';
import { walkApplicationDevices, walkTokens } from './device_walk.ts';
import { walkIdentities } from './identity_walk.ts';
import { walkApplications, walkDevices, walkIssuers, walkMasterKeys } from './operator_walk.ts';

describe('the generated clients over every route of the service', () => {
  const driven = new Driven();
  let service: TestService;
  let clients: Clients;
  let pk = '';

  before(async () => {
    service = await startService();
    clients = clientsOf(service, driven);
  });
  after(() => service[Symbol.asyncDispose]());

  it('devices, their events and the key set that may be kept', () => walkDevices(clients));
  it('projects, products, access keys and users', () => walkApplications(clients));
  it('key updates and tokens of devices, with real signatures', () => walkTokens(clients));
  it('tokens of applications, their devices, and the passwords of those', () => walkApplicationDevices(clients));
  it('identities and jobs, with real signatures and codes', async () => {
    pk = await walkIdentities(clients);
  });
  it('issuers', () => walkIssuers(clients, pk));
  it('master keys, of a data folder', async () => {
    using folder = new KeyFolder();
    await using other = await folder.start();
    await walkMasterKeys(clientsOf(other, driven));
  });

  it('leave out no route of routes.golden', () => {
    const golden = readFileSync(new URL('../contract/routes.golden', import.meta.url), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const routes = golden.map((line) => line.split(' ').slice(0, 2).join(' '));
    assert.deepEqual(routes.filter((route) => !driven.routes.has(route)), []);
  });
});
