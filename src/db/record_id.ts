/** SQL for the record id of a device that is created now: 4 bytes of the second `at`, 8 of a sequence (contracts/iotda.md 7.4). */
export function recordIdAt(at: string): string {
  const seconds = `lpad(to_hex(floor(extract(epoch from ${at}::timestamptz))::bigint), 8, '0')`;
  return `decode(${seconds} || lpad(to_hex(nextval('device_record_seq')), 16, '0'), 'hex')`;
}
