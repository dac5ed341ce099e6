import { defineEntity, p } from '@mikro-orm/core';

const time = () => p.datetime().columnType('timestamptz');

/** A key of the service itself that all nodes share, sealed by the key ring. */
export const ServiceKeyEntity = defineEntity({
  name: 'ServiceKey',
  tableName: 'service_key',
  indexes: [{ name: 'service_key_key_index', properties: ['keyId', 'name'] }],
  properties: {
    name: p.string().primary().length(32),
    keyId: p.string().length(64),
    box: p.blob(),
    createdAt: time(),
  },
});

/** A self-signed identity key. */
export const IdentityEntity = defineEntity({
  name: 'Identity',
  tableName: 'identity',
  indexes: [{ name: 'identity_key_index', properties: ['keyId', 'pk'] }],
  checks: [{ name: 'identity_state_check', expression: "state in ('REGISTERED', 'REVOKED')" }],
  properties: {
    /** 43 characters of base64url. */
    pk: p.string().primary().length(43),
    state: p.string().length(16).$type<'REGISTERED' | 'REVOKED'>(),
    /** Of the secret that revokes it. */
    secretSha256: p.blob(),
    /** The claim `pk`. */
    claimedPk: p.string().length(43).nullable(),
    /** Of the sealed claim `devtoken`; both are null without one. */
    keyId: p.string().length(64).nullable(),
    box: p.blob().nullable(),
    /** The last `iat` that was accepted, seconds since 1970. */
    lastIat: p.bigint().columnType('bigint').nullable(),
    registeredAt: time(),
    revokedAt: time().nullable(),
  },
});

/** An address or number that is bound to a key, as its keyed hash. */
export const IdentityAddressEntity = defineEntity({
  name: 'IdentityAddress',
  tableName: 'identity_address',
  uniques: [{ name: 'identity_address_mac_index', properties: ['addressMac'] }],
  checks: [{ name: 'identity_address_kind_check', expression: "kind in ('email', 'phone')" }],
  properties: {
    pk: p.string().primary().length(43),
    kind: p.string().primary().length(8).$type<'email' | 'phone'>(),
    addressMac: p.blob(),
    boundAt: time(),
  },
});

/** A code that revokes a key without its secret. */
export const IdentityRevocationEntity = defineEntity({
  name: 'IdentityRevocation',
  tableName: 'identity_revocation',
  indexes: [{ name: 'identity_revocation_expiry_index', properties: ['expiresAt'] }],
  properties: {
    pk: p.string().primary().length(43),
    codeMac: p.blob(),
    wrongTries: p.integer(),
    createdAt: time(),
    expiresAt: time(),
  },
});

/** A verification job. */
export const IdentityJobEntity = defineEntity({
  name: 'IdentityJob',
  tableName: 'identity_job',
  indexes: [
    { name: 'identity_job_key_index', properties: ['keyId', 'jobId'] },
    { name: 'identity_job_pk_index', properties: ['pk'] },
    { name: 'identity_job_expiry_index', properties: ['expiresAt'] },
  ],
  checks: [
    { name: 'identity_job_field_check', expression: "field in ('email', 'phone')" },
    { name: 'identity_job_state_check', expression: "state in ('WAITING', 'CONFIRMED', 'READY')" },
  ],
  properties: {
    jobId: p.string().primary().length(20),
    pk: p.string().length(43),
    field: p.string().length(8).$type<'email' | 'phone'>(),
    state: p.string().length(16).$type<'WAITING' | 'CONFIRMED' | 'READY'>(),
    addressMac: p.blob(),
    /** Of its sealed content: the address and, once it is signed, the JWT. */
    keyId: p.string().length(64),
    box: p.blob(),
    codeMac: p.blob(),
    codeExpiresAt: time(),
    wrongTries: p.integer(),
    /** Whether the test issuer signs it. */
    test: p.boolean(),
    createdAt: time(),
    expiresAt: time(),
  },
});

/** When messages were sent to an address, as far back as that counts. */
export const SendingBudgetEntity = defineEntity({
  name: 'SendingBudget',
  tableName: 'sending_budget',
  indexes: [{ name: 'sending_budget_expiry_index', properties: ['expiresAt'] }],
  properties: {
    addressMac: p.blob().primary(),
    sentAt: p.array().columnType('timestamptz[]'),
    expiresAt: time(),
  },
});

/** One of the issuers that Keyturn itself is. */
export const IssuerEntity = defineEntity({
  name: 'Issuer',
  tableName: 'issuer',
  checks: [{ name: 'issuer_name_check', expression: "name in ('main', 'test')" }],
  properties: {
    name: p.string().primary().length(8).$type<'main' | 'test'>(),
    /** The key that signs. */
    currentKey: p.string().length(43),
  },
});

/** A key by which Keyturn signs or has signed; its private half sealed by the key ring. */
export const IssuerKeyEntity = defineEntity({
  name: 'IssuerKey',
  tableName: 'issuer_key',
  indexes: [
    { name: 'issuer_key_key_index', properties: ['keyId', 'publicKey'] },
    { name: 'issuer_key_issuer_index', properties: ['issuer', 'publicKey'] },
  ],
  properties: {
    publicKey: p.string().primary().length(43),
    issuer: p.string().length(8).$type<'main' | 'test'>(),
    keyId: p.string().length(64),
    box: p.blob(),
    createdAt: time(),
    retiredAt: time().nullable(),
    revokedAt: time().nullable(),
  },
});

/** An issuer outside that the operator trusts. */
export const TrustedIssuerEntity = defineEntity({
  name: 'TrustedIssuer',
  tableName: 'trusted_issuer',
  properties: {
    issuer: p.string().primary().length(512),
    publicKey: p.string().primary().length(43),
    createdAt: time(),
  },
});

/** A message that is sent, was sent or was given up. */
export const MessageEntity = defineEntity({
  name: 'Message',
  tableName: 'message',
  indexes: [
    { name: 'message_due_index', properties: ['channel', 'nextAttemptAt'], where: 'next_attempt_at is not null' },
    { name: 'message_key_index', properties: ['keyId', 'messageId'] },
    { name: 'message_created_index', properties: ['createdAt', 'messageId'] },
    { name: 'message_recipient_index', properties: ['recipientMac', 'createdAt', 'messageId'] },
    { name: 'message_pk_index', properties: ['pk'] },
    { name: 'message_job_index', properties: ['jobId'] },
    { name: 'message_expiry_index', properties: ['expiresAt'] },
  ],
  checks: [
    { name: 'message_channel_check', expression: "channel in ('EMAIL', 'SMS', 'PUSH')" },
    { name: 'message_state_check', expression: "state in ('QUEUED', 'SENT', 'FAILED')" },
  ],
  properties: {
    messageId: p.string().primary().length(36),
    channel: p.string().length(8).$type<'EMAIL' | 'SMS' | 'PUSH'>(),
    recipientMac: p.blob(),
    /** Of its sealed content: the recipient and, as long as it may have to be sent, what it says. */
    keyId: p.string().length(64),
    box: p.blob(),
    state: p.string().length(16).$type<'QUEUED' | 'SENT' | 'FAILED'>(),
    attempts: p.integer(),
    /** Null once it is not queued any more. */
    nextAttemptAt: time().nullable(),
    lastError: p.string().length(256).nullable(),
    /** The job that it is gone with. */
    jobId: p.string().length(20).nullable(),
    /** The identity key that it is sent for. */
    pk: p.string().length(43),
    createdAt: time(),
    /** From then on it is of no use to its recipient. */
    deliverUntil: time(),
    expiresAt: time(),
  },
});

export const identityEntities = [
  ServiceKeyEntity, IdentityEntity, IdentityAddressEntity, IdentityRevocationEntity, IdentityJobEntity, SendingBudgetEntity,
  IssuerEntity, IssuerKeyEntity, TrustedIssuerEntity, MessageEntity,
];
