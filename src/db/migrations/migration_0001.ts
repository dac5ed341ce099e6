import { Migration } from '@mikro-orm/migrations';

/** Projects, devices with their keys and rotations, the audit trail and the outbox. */
export class Migration0001 extends Migration {
  override up(): void {
    this.addSql(`create table project (
      project_id varchar(64) primary key,
      name varchar(128) not null,
      created_at timestamptz not null)`);
    this.addSql(`insert into project (project_id, name, created_at) values ('default', 'Default', now())`);

    this.addSql(`create table device (
      device_id varchar(128) primary key,
      project_id varchar(64) not null,
      node_id varchar(256) not null,
      product_id varchar(256) not null,
      state varchar(16) not null,
      updates_allowed boolean not null,
      scopes text[] not null,
      current_key varchar(64) null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      constraint device_state_check check (state in ('ACTIVE', 'FROZEN')))`);
    this.addSql('create index device_project_index on device (project_id, device_id)');

    this.addSql(`create table public_key (
      thumbprint varchar(64) primary key,
      ordinal bigserial not null,
      device_id varchar(128) not null,
      state varchar(16) not null,
      kind varchar(16) not null,
      spki bytea not null,
      activated_at timestamptz not null,
      retired_at timestamptz null,
      rotation_id uuid null,
      constraint public_key_state_check check (state in ('CURRENT', 'RETIRED', 'REVOKED')))`);
    this.addSql('create index public_key_device_index on public_key (device_id, ordinal)');

    this.addSql(`create table rotation (
      device_id varchar(128) not null,
      jwt_sha256 bytea not null,
      rotation_id uuid not null,
      jti varchar(64) not null,
      old_thumbprint varchar(64) not null,
      new_thumbprint varchar(64) not null,
      rotated_at timestamptz not null,
      primary key (device_id, jwt_sha256))`);
    this.addSql('create index rotation_device_time_index on rotation (device_id, rotated_at)');

    this.addSql(`create table used_jti (
      device_id varchar(128) not null,
      jti varchar(64) not null,
      thumbprint varchar(64) not null,
      used_at timestamptz not null,
      primary key (device_id, jti))`);

    this.addSql(`create table audit_event (
      event_id bigserial primary key,
      xact xid8 not null default pg_current_xact_id(),
      occurred_at timestamptz not null,
      project_id varchar(64) not null,
      device_id varchar(128) not null,
      action varchar(64) not null,
      actor varchar(64) not null,
      request_id varchar(128) not null,
      peer varchar(64) not null,
      details json not null)`);
    this.addSql('create index audit_event_cursor_index on audit_event (xact, event_id)');
    this.addSql('create index audit_event_device_index on audit_event (device_id, xact, event_id)');

    this.addSql(`create table outbox (
      event_id bigserial primary key,
      xact xid8 not null default pg_current_xact_id(),
      occurred_at timestamptz not null,
      project_id varchar(64) not null,
      device_id varchar(128) not null,
      type varchar(64) not null,
      payload json not null)`);
    this.addSql('create index outbox_cursor_index on outbox (xact, event_id)');
  }

  override down(): void {
    for (const table of ['outbox', 'audit_event', 'used_jti', 'rotation', 'public_key', 'device', 'project']) {
      this.addSql(`drop table ${table}`);
    }
  }
}
