import { defineEntity, p } from '@mikro-orm/core';
import type { SecretSlotName } from '../secret_slot.ts';

/** What is stored of a secret of a device, sealed by the key ring. */
export const DeviceSecretEntity = defineEntity({
  name: 'DeviceSecret',
  tableName: 'device_secret',
  indexes: [{ name: 'device_secret_key_index', properties: ['keyId', 'deviceId', 'slot'] }],
  checks: [{ name: 'device_secret_slot_check', expression: "slot in ('PRIMARY', 'SECONDARY')" }],
  properties: {
    deviceId: p.string().primary().length(128),
    slot: p.string().primary().length(16).$type<SecretSlotName>(),
    /** The master key that sealed it. */
    keyId: p.string().length(64),
    box: p.blob(),
    setAt: p.datetime().columnType('timestamptz'),
    /** To the minute. */
    lastUsedAt: p.datetime().columnType('timestamptz').nullable(),
  },
});

/** An access token of a device. */
export const DeviceTokenEntity = defineEntity({
  name: 'DeviceToken',
  tableName: 'device_token',
  indexes: [
    { name: 'device_token_device_index', properties: ['deviceId'] },
    { name: 'device_token_expiry_index', properties: ['expiresAt'] },
  ],
  properties: {
    tokenSha256: p.blob().primary(),
    deviceId: p.string().length(128),
    issuedAt: p.datetime().columnType('timestamptz'),
    expiresAt: p.datetime().columnType('timestamptz'),
    /** What it grants. */
    scopes: p.array().columnType('text[]').default([]),
    /** What it may be renewed by; null if it may not. */
    chainId: p.uuid().nullable(),
  },
});

/** A token that a device got with its key, and all that were issued in renewal of it. */
export const DeviceTokenChainEntity = defineEntity({
  name: 'DeviceTokenChain',
  tableName: 'device_token_chain',
  indexes: [{ name: 'device_token_chain_expiry_index', properties: ['expiresAt'] }],
  properties: {
    chainId: p.uuid().primary(),
    deviceId: p.string().length(128),
    /** Those of the first token. */
    scopes: p.array().columnType('text[]'),
    renewals: p.integer(),
    /** When the last of its tokens ends. */
    expiresAt: p.datetime().columnType('timestamptz'),
  },
});

/** The answer to a call that may be repeated, sealed by the key ring. */
export const IdempotencyRecordEntity = defineEntity({
  name: 'IdempotencyRecord',
  tableName: 'idempotency_record',
  indexes: [
    { name: 'idempotency_record_key_index', properties: ['keyId', 'deviceId', 'action', 'key'] },
    { name: 'idempotency_record_expiry_index', properties: ['expiresAt'] },
  ],
  properties: {
    deviceId: p.string().primary().length(128),
    action: p.string().primary().length(64),
    key: p.string().primary().length(255),
    bodySha256: p.blob(),
    keyId: p.string().length(64),
    box: p.blob(),
    createdAt: p.datetime().columnType('timestamptz'),
    expiresAt: p.datetime().columnType('timestamptz'),
  },
});
