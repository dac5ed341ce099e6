import { OperatorServiceService } from '../../../gen/keyturn/v1/operator_service.ts';
import { Unavailable } from '../../unavailable.ts';
import { bind } from '../../call/endpoints.ts';
import type { Binding } from '../../call/endpoints.ts';
import type { AccessKeys } from './access_keys.ts';
import type { AuditEvents } from './audit_events.ts';
import type { Devices } from './devices.ts';
import type { Products } from './products.ts';
import type { Projects } from './projects.ts';
import type { Users } from './users.ts';

/** What concerns those who call for devices. */
export interface ApplicationParts {
  readonly products: Products;
  readonly accessKeys: AccessKeys;
  readonly users: Users;
}

/** OperatorService: what those who run Keyturn do with devices, projects and the audit trail. */
export function operatorService(devices: Devices, projects: Projects, auditEvents: AuditEvents, { products, accessKeys, users }: ApplicationParts): Binding[] {
  return bind(OperatorServiceService, {
    createDevice: (request, call) => devices.create(request, call),
    getDevice: (request) => devices.get(request),
    listDevices: (request) => devices.list(request),
    deleteDevice: (request, call) => devices.delete(request, call),
    freezeDevice: (request, call) => devices.setState(request, 'FROZEN', call),
    unfreezeDevice: (request, call) => devices.setState(request, 'ACTIVE', call),
    listDeviceKeys: (request) => devices.listKeys(request),
    createProject: (request, call) => projects.create(request, call),
    listProjects: (request) => projects.list(request),
    listAuditEvents: (request) => auditEvents.list(request),
    listDeviceSecrets: () => skeleton(),
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
    watchEvents: () => skeleton(),
    listMasterKeys: () => skeleton(),
    rotateMasterKey: () => skeleton(),
    reencryptSecrets: () => skeleton(),
  });
}

function skeleton(): never {
  throw new Unavailable('skeleton');
}
