import { OperatorServiceService } from '../../../gen/keyturn/v1/operator_service.ts';
import { Unavailable } from '../../unavailable.ts';
import { bind } from '../../call/endpoints.ts';
import type { Binding } from '../../call/endpoints.ts';
import type { AuditEvents } from './audit_events.ts';
import type { Devices } from './devices.ts';
import type { Projects } from './projects.ts';

/** OperatorService: what those who run Keyturn do with devices, projects and the audit trail. */
export function operatorService(devices: Devices, projects: Projects, auditEvents: AuditEvents): Binding[] {
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
    createProduct: () => skeleton(),
    listProducts: () => skeleton(),
    createAccessKey: () => skeleton(),
    listAccessKeys: () => skeleton(),
    deleteAccessKey: () => skeleton(),
    createUser: () => skeleton(),
    listUsers: () => skeleton(),
    setUserPassword: () => skeleton(),
    disableUser: () => skeleton(),
    enableUser: () => skeleton(),
    deleteUser: () => skeleton(),
    watchEvents: () => skeleton(),
    listMasterKeys: () => skeleton(),
    rotateMasterKey: () => skeleton(),
    reencryptSecrets: () => skeleton(),
  });
}

function skeleton(): never {
  throw new Unavailable('skeleton');
}
