import { OperatorServiceService } from '../../../gen/keyturn/v1/operator_service.ts';
import { bind } from '../../call/endpoints.ts';
import type { Binding } from '../../call/endpoints.ts';
import type { AccessKeys } from './access_keys.ts';
import type { AuditEvents } from './audit_events.ts';
import type { Devices } from './devices.ts';
import type { Events } from './events.ts';
import type { MasterKeys } from './master_keys.ts';
import type { Products } from './products.ts';
import type { Projects } from './projects.ts';
import type { Reencryption } from './reencryption.ts';
import type { Users } from './users.ts';

/** What those who run Keyturn see and change, a part for each kind of resource. */
export interface OperatorParts {
  readonly devices: Devices;
  readonly projects: Projects;
  readonly products: Products;
  readonly accessKeys: AccessKeys;
  readonly users: Users;
  readonly auditEvents: AuditEvents;
  readonly events: Events;
  readonly masterKeys: MasterKeys;
  readonly reencryption: Reencryption;
}

/** OperatorService. */
export function operatorService({ devices, projects, products, accessKeys, users, auditEvents, events, masterKeys, reencryption }: OperatorParts): Binding[] {
  return bind(OperatorServiceService, {
    createDevice: (request, call) => devices.create(request, call),
    getDevice: (request) => devices.get(request),
    listDevices: (request) => devices.list(request),
    deleteDevice: (request, call) => devices.delete(request, call),
    freezeDevice: (request, call) => devices.setState(request, 'FROZEN', call),
    unfreezeDevice: (request, call) => devices.setState(request, 'ACTIVE', call),
    listDeviceKeys: (request) => devices.listKeys(request),
    listDeviceSecrets: (request) => devices.listSecrets(request),
    createProject: (request, call) => projects.create(request, call),
    listProjects: (request) => projects.list(request),
    listAuditEvents: (request) => auditEvents.list(request),
    createProduct: (request, call) => products.create(request, call),
    listProducts: (request) => products.list(request),
    createAccessKey: (request, call) => accessKeys.create(request, call),
    listAccessKeys: (request) => accessKeys.list(request),
    deleteAccessKey: (request, call) => accessKeys.delete(request, call),
    createUser: (request, call) => users.create(request, call),
    listUsers: (request) => users.list(request),
    setUserPassword: (request, call) => users.setPassword(request, call),
    disableUser: (request, call) => users.setDisabled(request, true, call),
    enableUser: (request, call) => users.setDisabled(request, false, call),
    deleteUser: (request, call) => users.delete(request, call),
    watchEvents: (request, call) => events.watch(request, call),
    listMasterKeys: () => masterKeys.list(),
    rotateMasterKey: (_, call) => masterKeys.rotate(call),
    reencryptSecrets: (_, call) => reencryption.run(call),
  });
}
