import { Migration } from '@mikro-orm/migrations';

/** Device secrets, products, users, access keys and tokens; what the IoTDA API knows of a device. */
export class Migration0002 extends Migration {
  override up(): void {
    this.addSql("alter table project add column app_id varchar(36) not null default replace(gen_random_uuid()::text, '-', '')");

    // Projects that are made from now on bring their own.
    this.addSql('alter table project alter column app_id drop default');

    this.addSql('create index project_name_index on project (name, project_id)');

    this.addSql('create sequence device_record_seq');
    this.addSql(`alter table device
      add column record_id bytea null,
      add column device_name varchar(256) null,
      add column description varchar(2048) null,
      add column gateway_id varchar(128) null,
      add column auth_type varchar(16) not null default 'SECRET',
      add column fingerprint varchar(64) null,
      add column secondary_fingerprint varchar(64) null,
      add column secure_access boolean not null default true,
      add column timeout int not null default 0,
      add column expires_at timestamptz null,
      add column active_at timestamptz null,
      add column extension_info json null,
      add constraint device_auth_type_check check (auth_type in ('SECRET', 'CERTIFICATES'))`);
    this.addSql(`update device set record_id = decode(
      lpad(to_hex(floor(extract(epoch from created_at))::bigint), 8, '0') || lpad(to_hex(nextval('device_record_seq')), 16, '0'), 'hex')`);
    this.addSql('alter table device alter column record_id set not null');
    this.addSql('create index device_record_index on device (project_id, record_id)');
    this.addSql('create index device_gateway_index on device (gateway_id, record_id)');
    this.addSql('create index device_expiry_index on device (expires_at)');

    this.addSql(`create table device_secret (
      device_id varchar(128) not null,
      slot varchar(16) not null,
      key_id varchar(64) not null,
      box bytea not null,
      set_at timestamptz not null,
      last_used_at timestamptz null,
      constraint device_secret_slot_check check (slot in ('PRIMARY', 'SECONDARY')),
      primary key (device_id, slot))`);
    this.addSql('create index device_secret_key_index on device_secret (key_id, device_id, slot)');

    this.addSql(`create table device_token (
      token_sha256 bytea primary key,
      device_id varchar(128) not null,
      issued_at timestamptz not null,
      expires_at timestamptz not null)`);
    this.addSql('create index device_token_device_index on device_token (device_id)');
    this.addSql('create index device_token_expiry_index on device_token (expires_at)');

    this.addSql(`create table idempotency_record (
      device_id varchar(128) not null,
      action varchar(64) not null,
      key varchar(255) not null,
      body_sha256 bytea not null,
      key_id varchar(64) not null,
      box bytea not null,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      primary key (device_id, action, key))`);
    this.addSql('create index idempotency_record_key_index on idempotency_record (key_id, device_id, action, key)');
    this.addSql('create index idempotency_record_expiry_index on idempotency_record (expires_at)');

    this.addSql(`create table product (
      project_id varchar(64) not null,
      product_id varchar(36) not null,
      name varchar(128) not null,
      protocol_type varchar(32) not null,
      nb_iot boolean not null,
      created_at timestamptz not null,
      primary key (project_id, product_id))`);

    this.addSql(`create table iam_user (
      user_id varchar(32) primary key,
      domain varchar(64) not null,
      name varchar(64) not null,
      project_id varchar(64) not null,
      password bytea not null,
      actions text[] null,
      disabled boolean not null,
      token_generation int not null,
      created_at timestamptz not null)`);
    this.addSql('create unique index iam_user_name_index on iam_user (domain, name)');
    this.addSql('create index iam_user_project_index on iam_user (project_id, user_id)');

    this.addSql(`create table iam_token (
      token_sha256 bytea primary key,
      user_id varchar(32) not null,
      generation int not null,
      issued_at timestamptz not null,
      expires_at timestamptz not null)`);
    this.addSql('create index iam_token_user_index on iam_token (user_id)');
    this.addSql('create index iam_token_expiry_index on iam_token (expires_at)');

    this.addSql(`create table access_key (
      access_key varchar(32) primary key,
      project_id varchar(64) not null,
      key_id varchar(64) not null,
      box bytea not null,
      actions text[] null,
      created_at timestamptz not null)`);
    this.addSql('create index access_key_key_index on access_key (key_id, access_key)');
    this.addSql('create index access_key_project_index on access_key (project_id, access_key)');

    this.addSql(`create table used_signature (
      signature_sha256 bytea primary key,
      expires_at timestamptz not null)`);
    this.addSql('create index used_signature_expiry_index on used_signature (expires_at)');
  }

  override down(): void {
    for (const table of ['used_signature', 'access_key', 'iam_token', 'iam_user', 'product', 'idempotency_record', 'device_token', 'device_secret']) {
      this.addSql(`drop table ${table}`);
    }
    for (const index of ['device_record_index', 'device_gateway_index', 'device_expiry_index']) this.addSql(`drop index ${index}`);
    this.addSql(`alter table device
      drop column record_id, drop column device_name, drop column description, drop column gateway_id, drop column auth_type,
      drop column fingerprint, drop column secondary_fingerprint, drop column secure_access, drop column timeout,
      drop column expires_at, drop column active_at, drop column extension_info`);
    this.addSql('drop sequence device_record_seq');
    this.addSql('drop index project_name_index');
    this.addSql('alter table project drop column app_id');
  }
}
