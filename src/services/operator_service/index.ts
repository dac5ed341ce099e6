import { OperatorServiceService } from '../../../gen/keyturn/v1/operator_service.ts';
import { bind } from '../../call/endpoints.ts';
import type { Binding } from '../../call/endpoints.ts';
import type { AccessKeys } from './access_keys.ts';
import type { AuditEvents } from './audit_events.ts';
import type { DeviceKeySets } from './device_key_sets.ts';
import type { Devices } from './devices.ts';
import type { Events } from './events.ts';
import type { Identities } from './identities.ts';
import type { Issuers } from './issuers.ts';
import type { MasterKeys } from './master_keys.ts';
import type { Messages } from './messages.ts';
import type { Products } from './products.ts';
import type { Projects } from './projects.ts';
import type { Reencryption } from './reencryption.ts';
import type { Users } from './users.ts';

/** What those who run Keyturn see and change, a part for each kind of resource. */
export interface OperatorParts {
  readonly devices: Devices;
  readonly deviceKeySets: DeviceKeySets;
  readonly projects: Projects;
  readonly products: Products;
  readonly accessKeys: AccessKeys;
  readonly users: Users;
  readonly auditEvents: AuditEvents;
  readonly events: Events;
  readonly masterKeys: MasterKeys;
  readonly reencryption: Reencryption;
  readonly identities: Identities;
  readonly issuers: Issuers;
  readonly messages: Messages;
}

/** OperatorService. */
export function operatorService(parts: OperatorParts): Binding[] {
  const { devices, deviceKeySets, projects, products, accessKeys, users, auditEvents, events, masterKeys, reencryption, identities, issuers, messages } = parts;
  return bind(OperatorServiceService, {
    createDevice: (request, call) => devices.create(request, call),
    getDevice: (request) => devices.get(request),
    listDevices: (request) => devices.list(request),
    deleteDevice: (request, call) => devices.delete(request, call),
    freezeDevice: (request, call) => devices.setState(request, 'FROZEN', call),
    unfreezeDevice: (request, call) => devices.setState(request, 'ACTIVE', call),
    setDeviceScopes: (request, call) => devices.setScopes(request, call),
    listDeviceKeys: (request) => devices.listKeys(request),
    getDeviceKeySet: (request, call) => deviceKeySets.get(request, call),
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
    getIdentity: (request) => identities.get(request),
    revokeIdentity: (request, call) => identities.revoke(request, call),
    listIssuerKeys: () => issuers.listKeys(),
    rotateIssuerKey: (request, call) => issuers.rotate(request, call),
    revokeIssuerKey: (request, call) => issuers.revokeKey(request, call),
    createTrustedIssuer: (request, call) => issuers.trust(request, call),
    listTrustedIssuers: () => issuers.listTrusted(),
    deleteTrustedIssuer: (request, call) => issuers.distrust(request, call),
    listMessages: (request, call) => messages.list(request, call),
  });
}
