import type { Timestamp } from '../../../gen/google/protobuf/timestamp.ts';
import type { AuditEvent } from '../../../gen/keyturn/v1/audit_event.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { DeviceKeyState, DeviceState } from '../../../gen/keyturn/v1/device.ts';
import type { Device, DeviceKey } from '../../../gen/keyturn/v1/device.ts';
import { SecretSlot } from '../../../gen/keyturn/v1/device_secret.ts';
import type { DeviceSecret } from '../../../gen/keyturn/v1/device_secret.ts';
import type { Project } from '../../../gen/keyturn/v1/project.ts';
import { toPem } from '../../crypto/public_key.ts';
import type { AuditEventRow } from '../../db/audit_event.ts';
import type { DeviceSecretInfo } from '../../db/device.ts';
import type { DeviceRow, ProjectRow, PublicKeyRow } from '../../db/entities.ts';
import { ApiError } from '../../errors.ts';

/** The project of what is created without one. */
export const DEFAULT_PROJECT = 'default';

const DEVICE_STATES = { ACTIVE: DeviceState.DEVICE_STATE_ACTIVE, FROZEN: DeviceState.DEVICE_STATE_FROZEN };
const KEY_STATES = {
  CURRENT: DeviceKeyState.DEVICE_KEY_STATE_CURRENT,
  RETIRED: DeviceKeyState.DEVICE_KEY_STATE_RETIRED,
  REVOKED: DeviceKeyState.DEVICE_KEY_STATE_REVOKED,
};
const SECRET_SLOTS = { PRIMARY: SecretSlot.SECRET_SLOT_PRIMARY, SECONDARY: SecretSlot.SECRET_SLOT_SECONDARY };

/** What the operator sees of a device's row. */
type ShownDevice = Pick<DeviceRow, 'deviceId' | 'projectId' | 'nodeId' | 'productId' | 'state' | 'updatesAllowed' | 'scopes' | 'currentKey' | 'createdAt' | 'updatedAt'>;

export function toDevice(row: ShownDevice): Device {
  return {
    deviceId: row.deviceId,
    projectId: row.projectId,
    nodeId: row.nodeId,
    productId: row.productId,
    state: DEVICE_STATES[row.state],
    updatesAllowed: row.updatesAllowed,
    scopes: row.scopes,
    keyThumbprint: row.currentKey ?? '',
    createdAt: toTimestamp(row.createdAt),
    updatedAt: toTimestamp(row.updatedAt),
  };
}

export function toDeviceKey(row: PublicKeyRow): DeviceKey {
  return {
    thumbprint: row.thumbprint,
    algorithm: row.kind,
    publicKey: toPem(Buffer.from(row.spki)),
    state: KEY_STATES[row.state],
    activatedAt: toTimestamp(row.activatedAt),
    retiredAt: row.retiredAt ? toTimestamp(row.retiredAt) : undefined,
    rotationId: row.rotationId ?? '',
  };
}

export function toDeviceSecret({ slot, setAt, lastUsedAt, keyId }: DeviceSecretInfo): DeviceSecret {
  return {
    slot: SECRET_SLOTS[slot],
    setAt: toTimestamp(setAt),
    lastUsedAt: lastUsedAt === null ? undefined : toTimestamp(lastUsedAt),
    masterKeyId: keyId,
  };
}

export function toProject(row: Pick<ProjectRow, 'projectId' | 'name' | 'createdAt'>): Project {
  return { projectId: row.projectId, name: row.name, createdAt: toTimestamp(row.createdAt) };
}

export function toAuditEvent(row: AuditEventRow): AuditEvent {
  return {
    eventId: row.event_id,
    occurredAt: toTimestamp(row.occurred_at),
    projectId: row.project_id,
    deviceId: row.device_id,
    action: row.action,
    actor: row.actor,
    requestId: row.request_id,
    peer: row.peer,
    details: row.details,
    identity: row.identity ?? '',
  };
}

export function toTimestamp(date: Date): Timestamp {
  const milliseconds = date.getTime();
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds: BigInt(seconds), nanos: (milliseconds - seconds * 1000) * 1_000_000 };
}

export function projectNotFound(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_PROJECT_NOT_FOUND, 'there is no such project');
}
