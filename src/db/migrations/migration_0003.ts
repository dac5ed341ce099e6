import { Migration } from '@mikro-orm/migrations';

const TABLES = ['service_key', 'identity', 'identity_address', 'identity_revocation', 'identity_job', 'sending_budget', 'issuer', 'issuer_key', 'trusted_issuer', 'message'];

/** Identity keys, what they are bound to, jobs, issuers and messages: what the Authentiq API stands on. */
export class Migration0003 extends Migration {
  override up(): void {
    this.addSql(`create table service_key (
      name varchar(32) primary key,
      key_id varchar(64) not null,
      box bytea not null,
      created_at timestamptz not null)`);
    this.addSql('create index service_key_key_index on service_key (key_id, name)');

    this.addSql(`create table identity (
      pk varchar(43) primary key,
      state varchar(16) not null,
      secret_sha256 bytea not null,
      claimed_pk varchar(43) null,
      key_id varchar(64) null,
      box bytea null,
      last_iat bigint null,
      registered_at timestamptz not null,
      revoked_at timestamptz null,
      constraint identity_state_check check (state in ('REGISTERED', 'REVOKED')))`);
    this.addSql('create index identity_key_index on identity (key_id, pk)');

    this.addSql(`create table identity_address (
      pk varchar(43) not null,
      kind varchar(8) not null,
      address_mac bytea not null,
      bound_at timestamptz not null,
      constraint identity_address_kind_check check (kind in ('email', 'phone')),
      primary key (pk, kind))`);
    this.addSql('create unique index identity_address_mac_index on identity_address (address_mac)');

    this.addSql(`create table identity_revocation (
      pk varchar(43) primary key,
      code_mac bytea not null,
      wrong_tries int not null,
      created_at timestamptz not null,
      expires_at timestamptz not null)`);
    this.addSql('create index identity_revocation_expiry_index on identity_revocation (expires_at)');

    this.addSql(`create table identity_job (
      job_id varchar(20) primary key,
      pk varchar(43) not null,
      field varchar(8) not null,
      state varchar(16) not null,
      address_mac bytea not null,
      key_id varchar(64) not null,
      box bytea not null,
      code_mac bytea not null,
      code_expires_at timestamptz not null,
      wrong_tries int not null,
      test boolean not null,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      constraint identity_job_field_check check (field in ('email', 'phone')),
      constraint identity_job_state_check check (state in ('WAITING', 'CONFIRMED', 'READY')))`);
    this.addSql('create index identity_job_key_index on identity_job (key_id, job_id)');
    this.addSql('create index identity_job_pk_index on identity_job (pk)');
    this.addSql('create index identity_job_expiry_index on identity_job (expires_at)');

    this.addSql(`create table sending_budget (
      address_mac bytea primary key,
      sent_at timestamptz[] not null,
      expires_at timestamptz not null)`);
    this.addSql('create index sending_budget_expiry_index on sending_budget (expires_at)');

    this.addSql(`create table issuer (
      name varchar(8) primary key,
      current_key varchar(43) not null,
      constraint issuer_name_check check (name in ('main', 'test')))`);

    this.addSql(`create table issuer_key (
      public_key varchar(43) primary key,
      issuer varchar(8) not null,
      key_id varchar(64) not null,
      box bytea not null,
      created_at timestamptz not null,
      retired_at timestamptz null,
      revoked_at timestamptz null)`);
    this.addSql('create index issuer_key_key_index on issuer_key (key_id, public_key)');
    this.addSql('create index issuer_key_issuer_index on issuer_key (issuer, public_key)');

    this.addSql(`create table trusted_issuer (
      issuer varchar(512) not null,
      public_key varchar(43) not null,
      created_at timestamptz not null,
      primary key (issuer, public_key))`);

    this.addSql(`create table message (
      message_id varchar(36) primary key,
      channel varchar(8) not null,
      recipient_mac bytea not null,
      key_id varchar(64) not null,
      box bytea not null,
      state varchar(16) not null,
      attempts int not null,
      next_attempt_at timestamptz null,
      last_error varchar(256) null,
      job_id varchar(20) null,
      pk varchar(43) not null,
      created_at timestamptz not null,
      deliver_until timestamptz not null,
      expires_at timestamptz not null,
      constraint message_channel_check check (channel in ('EMAIL', 'SMS', 'PUSH')),
      constraint message_state_check check (state in ('QUEUED', 'SENT', 'FAILED')))`);
    this.addSql('create index message_due_index on message (channel, next_attempt_at) where next_attempt_at is not null');
    this.addSql('create index message_key_index on message (key_id, message_id)');
    this.addSql('create index message_created_index on message (created_at, message_id)');
    this.addSql('create index message_recipient_index on message (recipient_mac, created_at, message_id)');
    this.addSql('create index message_pk_index on message (pk)');
    this.addSql('create index message_job_index on message (job_id)');
    this.addSql('create index message_expiry_index on message (expires_at)');

    this.addSql('alter table audit_event add column identity varchar(43) null');
    this.addSql('create index audit_event_identity_index on audit_event (identity, xact, event_id) where identity is not null');
  }

  override down(): void {
    this.addSql('drop index audit_event_identity_index');
    this.addSql('alter table audit_event drop column identity');
    for (const table of TABLES.toReversed()) this.addSql(`drop table ${table}`);
  }
}
