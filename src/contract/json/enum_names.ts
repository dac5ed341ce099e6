import type { DescEnum } from '@bufbuild/protobuf';

/** `DEVICE_STATE_ACTIVE` as JSON shows it: `ACTIVE`, unless another value of the enum has that name. */
export function stripEnumPrefix(desc: DescEnum, name: string): string {
  const prefix = desc.sharedPrefix?.toUpperCase();
  if (prefix === undefined || !name.startsWith(prefix)) return name;
  const short = name.slice(prefix.length);
  return desc.values.some((value) => value.name === short) ? name : short;
}

/** `ACTIVE` or `DEVICE_STATE_ACTIVE` as the proto names it, or undefined if the enum has no such value. */
export function fullEnumName(desc: DescEnum, name: string): string | undefined {
  const found = desc.values.find((value) => value.name === name || stripEnumPrefix(desc, value.name) === name);
  return found?.name;
}
