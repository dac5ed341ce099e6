/**
 * A statement that removes the devices for which `condition` holds and which
 * have no children, with all that goes with them; their keys are kept as
 * REVOKED. Its values are those of an origin, then the details of the audit
 * event as JSON, then those of the condition, from `$6` on. It tells how many
 * it `removed`. The rows have to be locked before it begins, so that it sees
 * whatever was written of them.
 */
export function removalOf(condition: string): string {
  return `with
    dev as (
      delete from device where ${condition} and not exists (select from device child where child.gateway_id = device.device_id)
      returning device_id, project_id, current_key),
    old as (
      update public_key set state = 'REVOKED', retired_at = $1 from dev where thumbprint = dev.current_key),
    jt as (
      delete from used_jti using dev where used_jti.device_id = dev.device_id),
    se as (
      delete from device_secret using dev where device_secret.device_id = dev.device_id),
    tk as (
      delete from device_token using dev where device_token.device_id = dev.device_id),
    ir as (
      delete from idempotency_record using dev where idempotency_record.device_id = dev.device_id),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $1, project_id, device_id, 'device.removed', $2, $3, $4, $5::json from dev),
    ob as (
      insert into outbox (occurred_at, project_id, device_id, type, payload)
      select $1, project_id, device_id, event, '{}' from dev, unnest(array['device.removed', 'session.close']) event)
    select count(*)::int as removed from dev`;
}
