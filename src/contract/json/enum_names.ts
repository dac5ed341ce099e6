import type { DescEnum } from '@bufbuild/protobuf';

/** `DEVICE_STATE_ACTIVE` as JSON shows it: `ACTIVE`. */
export function stripEnumPrefix(desc: DescEnum, name: string): string {
  const prefix = desc.sharedPrefix?.toUpperCase();
  return prefix !== undefined && name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/** `ACTIVE` or `DEVICE_STATE_ACTIVE` as the proto names it, or undefined if the enum has no such value. */
export function fullEnumName(desc: DescEnum, name: string): string | undefined {
  const found = desc.values.find((value) => value.name === name || stripEnumPrefix(desc, value.name) === name);
  return found?.name;
}
