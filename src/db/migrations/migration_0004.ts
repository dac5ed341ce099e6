import { Migration } from '@mikro-orm/migrations';

/** Access tokens that a device gets with its key, their renewals, and the clearing away of what dead keys have signed. */
export class Migration0004 extends Migration {
  override up(): void {
    this.addSql(`create table device_token_chain (
      chain_id uuid primary key,
      device_id varchar(128) not null,
      scopes text[] not null,
      renewals int not null,
      expires_at timestamptz not null)`);
    this.addSql('create index device_token_chain_expiry_index on device_token_chain (expires_at)');

    this.addSql(`alter table device_token
      add column scopes text[] not null default '{}',
      add column chain_id uuid null`);

    this.addSql(`alter table public_key
      add column jtis_cleared boolean not null default false,
      add column jtis_cleared_to varchar(64) not null default ''`);
    this.addSql('create index public_key_clearing_index on public_key (retired_at) where retired_at is not null and not jtis_cleared');

    this.addSql('alter table used_jti add column verification_id uuid null');
  }

  override down(): void {
    this.addSql('alter table used_jti drop column verification_id');
    this.addSql('drop index public_key_clearing_index');
    this.addSql('alter table public_key drop column jtis_cleared_to, drop column jtis_cleared');
    this.addSql('alter table device_token drop column chain_id, drop column scopes');
    this.addSql('drop table device_token_chain');
  }
}
