import { defineEntity, p } from '@mikro-orm/core';
import type { InferEntity } from '@mikro-orm/core';
import { AccessKeyEntity, ProductEntity, TokenEntity, UsedSignatureEntity, UserEntity } from './application_entities.ts';
import { identityEntities } from './identity_entities.ts';
import { DeviceSecretEntity, DeviceTokenChainEntity, DeviceTokenEntity, IdempotencyRecordEntity } from './secret_entities.ts';

/** A transaction id that readers of a cursor order by (see audit_event.ts). */
const xact = () => p.string().columnType('xid8').defaultRaw('pg_current_xact_id()');

export const ProjectEntity = defineEntity({
  name: 'Project',
  tableName: 'project',
  indexes: [{ name: 'project_name_index', properties: ['name', 'projectId'] }],
  properties: {
    projectId: p.string().primary().length(64),
    name: p.string().length(128),
    /** The one resource space of the project. */
    appId: p.string().length(36),
    createdAt: p.datetime().columnType('timestamptz'),
  },
});

export const DeviceEntity = defineEntity({
  name: 'Device',
  tableName: 'device',
  indexes: [
    { name: 'device_project_index', properties: ['projectId', 'deviceId'] },
    { name: 'device_record_index', properties: ['projectId', 'recordId'] },
    { name: 'device_gateway_index', properties: ['gatewayId', 'recordId'] },
    { name: 'device_expiry_index', properties: ['expiresAt'] },
  ],
  checks: [
    { name: 'device_state_check', expression: "state in ('ACTIVE', 'FROZEN')" },
    { name: 'device_auth_type_check', expression: "auth_type in ('SECRET', 'CERTIFICATES')" },
  ],
  properties: {
    deviceId: p.string().primary().length(128),
    projectId: p.string().length(64),
    nodeId: p.string().length(256),
    productId: p.string().length(256),
    state: p.string().length(16).$type<'ACTIVE' | 'FROZEN'>(),
    updatesAllowed: p.boolean(),
    scopes: p.array().columnType('text[]'),
    /** Thumbprint of the current key. */
    currentKey: p.string().length(64).nullable(),
    createdAt: p.datetime().columnType('timestamptz'),
    updatedAt: p.datetime().columnType('timestamptz'),
    /** 4 bytes of the second of its creation, 8 of a sequence. */
    recordId: p.blob(),
    deviceName: p.string().length(256).nullable(),
    description: p.string().length(2048).nullable(),
    /** The parent; null if it has none. */
    gatewayId: p.string().length(128).nullable(),
    authType: p.string().length(16).$type<'SECRET' | 'CERTIFICATES'>().default('SECRET'),
    fingerprint: p.string().length(64).nullable(),
    secondaryFingerprint: p.string().length(64).nullable(),
    secureAccess: p.boolean().default(true),
    /** Seconds; 0: none. */
    timeout: p.integer().default(0),
    /** When it is deleted if it was not active by then. */
    expiresAt: p.datetime().columnType('timestamptz').nullable(),
    /** When it was first accepted. */
    activeAt: p.datetime().columnType('timestamptz').nullable(),
    extensionInfo: p.json<Record<string, unknown>>().columnType('json').nullable(),
  },
});

export const PublicKeyEntity = defineEntity({
  name: 'PublicKey',
  tableName: 'public_key',
  indexes: [
    { name: 'public_key_device_index', properties: ['deviceId', 'ordinal'] },
    { name: 'public_key_clearing_index', properties: ['retiredAt'], where: 'retired_at is not null and not jtis_cleared' },
  ],
  checks: [{ name: 'public_key_state_check', expression: "state in ('CURRENT', 'RETIRED', 'REVOKED')" }],
  properties: {
    thumbprint: p.string().primary().length(64),
    /** Grows with each key of a device. */
    ordinal: p.bigint().columnType('bigint').autoincrement(),
    deviceId: p.string().length(128),
    state: p.string().length(16).$type<'CURRENT' | 'RETIRED' | 'REVOKED'>(),
    kind: p.string().length(16),
    spki: p.blob(),
    activatedAt: p.datetime().columnType('timestamptz'),
    retiredAt: p.datetime().columnType('timestamptz').nullable(),
    rotationId: p.uuid().nullable(),
    /** Whether the `jti` values of JWTs that it has signed, which need not be known any more, were deleted. */
    jtisCleared: p.boolean().default(false),
    /** Those up to this one were, in the order of their index. */
    jtisClearedTo: p.string().length(64).default(''),
  },
});

export const RotationEntity = defineEntity({
  name: 'Rotation',
  tableName: 'rotation',
  indexes: [{ name: 'rotation_device_time_index', properties: ['deviceId', 'rotatedAt'] }],
  properties: {
    deviceId: p.string().primary().length(128),
    jwtSha256: p.blob().primary(),
    rotationId: p.uuid(),
    jti: p.string().length(64),
    oldThumbprint: p.string().length(64),
    newThumbprint: p.string().length(64),
    rotatedAt: p.datetime().columnType('timestamptz'),
  },
});

export const UsedJtiEntity = defineEntity({
  name: 'UsedJti',
  tableName: 'used_jti',
  properties: {
    deviceId: p.string().primary().length(128),
    jti: p.string().primary().length(64),
    /** The key that signed the JWT; the entry lives as long as it. */
    thumbprint: p.string().length(64),
    usedAt: p.datetime().columnType('timestamptz'),
    /** By which a check of a JWT knows that it was its own write; null for JWTs that were used in another way. */
    verificationId: p.uuid().nullable(),
  },
});

export const AuditEventEntity = defineEntity({
  name: 'AuditEvent',
  tableName: 'audit_event',
  indexes: [
    { name: 'audit_event_cursor_index', properties: ['xact', 'eventId'] },
    { name: 'audit_event_device_index', properties: ['deviceId', 'xact', 'eventId'] },
    { name: 'audit_event_identity_index', properties: ['identity', 'xact', 'eventId'], where: 'identity is not null' },
  ],
  properties: {
    eventId: p.bigint().primary().autoincrement(),
    xact: xact(),
    occurredAt: p.datetime().columnType('timestamptz'),
    projectId: p.string().length(64),
    deviceId: p.string().length(128),
    action: p.string().length(64),
    actor: p.string().length(64),
    requestId: p.string().length(128),
    peer: p.string().length(64),
    details: p.json<Record<string, string>>().columnType('json'),
    /** The identity key concerned; null if none. */
    identity: p.string().length(43).nullable(),
  },
});

export const OutboxEntity = defineEntity({
  name: 'Outbox',
  tableName: 'outbox',
  indexes: [{ name: 'outbox_cursor_index', properties: ['xact', 'eventId'] }],
  properties: {
    eventId: p.bigint().primary().autoincrement(),
    xact: xact(),
    occurredAt: p.datetime().columnType('timestamptz'),
    projectId: p.string().length(64),
    deviceId: p.string().length(128),
    type: p.string().length(64),
    payload: p.json<Record<string, string>>().columnType('json'),
  },
});

export type ProjectRow = InferEntity<typeof ProjectEntity>;
export type DeviceRow = InferEntity<typeof DeviceEntity>;
export type PublicKeyRow = InferEntity<typeof PublicKeyEntity>;

export const entities = [
  ProjectEntity,
  DeviceEntity,
  PublicKeyEntity,
  RotationEntity,
  UsedJtiEntity,
  AuditEventEntity,
  OutboxEntity,
  DeviceSecretEntity,
  DeviceTokenEntity,
  DeviceTokenChainEntity,
  IdempotencyRecordEntity,
  ProductEntity,
  UserEntity,
  TokenEntity,
  AccessKeyEntity,
  UsedSignatureEntity,
  ...identityEntities,
];
