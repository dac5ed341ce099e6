import { defineEntity, p } from '@mikro-orm/core';

export const ProductEntity = defineEntity({
  name: 'Product',
  tableName: 'product',
  properties: {
    projectId: p.string().primary().length(64),
    productId: p.string().primary().length(36),
    name: p.string().length(128),
    protocolType: p.string().length(32),
    nbIot: p.boolean(),
    createdAt: p.datetime().columnType('timestamptz'),
  },
});

export const UserEntity = defineEntity({
  name: 'User',
  tableName: 'iam_user',
  uniques: [{ name: 'iam_user_name_index', properties: ['domain', 'name'] }],
  indexes: [{ name: 'iam_user_project_index', properties: ['projectId', 'userId'] }],
  properties: {
    userId: p.string().primary().length(32),
    domain: p.string().length(64),
    name: p.string().length(64),
    projectId: p.string().length(64),
    /** Hashed. */
    password: p.blob(),
    /** Null: all. */
    actions: p.array().columnType('text[]').nullable(),
    disabled: p.boolean(),
    /** Tokens of another generation have ended. */
    tokenGeneration: p.integer(),
    createdAt: p.datetime().columnType('timestamptz'),
  },
});

export const TokenEntity = defineEntity({
  name: 'Token',
  tableName: 'iam_token',
  indexes: [
    { name: 'iam_token_user_index', properties: ['userId'] },
    { name: 'iam_token_expiry_index', properties: ['expiresAt'] },
  ],
  properties: {
    tokenSha256: p.blob().primary(),
    userId: p.string().length(32),
    generation: p.integer(),
    issuedAt: p.datetime().columnType('timestamptz'),
    /** When it is forgotten, a day after it has ended. */
    expiresAt: p.datetime().columnType('timestamptz'),
  },
});

export const AccessKeyEntity = defineEntity({
  name: 'AccessKey',
  tableName: 'access_key',
  indexes: [
    { name: 'access_key_key_index', properties: ['keyId', 'accessKey'] },
    { name: 'access_key_project_index', properties: ['projectId', 'accessKey'] },
  ],
  properties: {
    accessKey: p.string().primary().length(32),
    projectId: p.string().length(64),
    /** The master key that sealed its secret key. */
    keyId: p.string().length(64),
    box: p.blob(),
    /** Null: all. */
    actions: p.array().columnType('text[]').nullable(),
    createdAt: p.datetime().columnType('timestamptz'),
  },
});

/** A request signature that was taken and is not taken again. */
export const UsedSignatureEntity = defineEntity({
  name: 'UsedSignature',
  tableName: 'used_signature',
  indexes: [{ name: 'used_signature_expiry_index', properties: ['expiresAt'] }],
  properties: {
    signatureSha256: p.blob().primary(),
    expiresAt: p.datetime().columnType('timestamptz'),
  },
});
