/** The two secrets of a device, by the names that the IoTDA API and the tables have for them; the first is tried first. */
export const SECRET_SLOTS = ['PRIMARY', 'SECONDARY'] as const;
export type SecretSlotName = (typeof SECRET_SLOTS)[number];
