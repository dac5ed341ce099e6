import { SIGNATURE_ALGORITHMS } from '../crypto/request_signature.ts';
import type { IotdaSettings } from '../settings.ts';
import { Expected } from './reader.ts';
import type { Reader } from './reader.ts';
import { count, oneOf } from './values.ts';

/** Reads the settings of contracts/iotda.md section 12. */
export function readIotda(reader: Reader): IotdaSettings {
  return {
    errorStyle: reader.text('KEYTURN_IOTDA_ERROR_STYLE', oneOf(['iotda', 'gateway'] as const)) ?? 'iotda',
    instanceIds: reader.text('KEYTURN_IOTDA_INSTANCE_IDS', words) ?? new Set(),
    regions: reader.text('KEYTURN_IOTDA_REGIONS', words) ?? new Set(),
    serviceName: reader.text('KEYTURN_IOTDA_SERVICE_NAME', word) ?? 'iotdm',
    signatureAlgorithms: reader.text('KEYTURN_IOTDA_SIGNATURE_ALGORITHMS', signatureAlgorithms) ?? new Set(SIGNATURE_ALGORITHMS),
    signatureReplay: reader.text('KEYTURN_IOTDA_SIGNATURE_REPLAY', oneOf(['allow', 'refuse'] as const)) ?? 'allow',
    operatorToken: reader.text('KEYTURN_IOTDA_OPERATOR_TOKEN', oneOf(['on', 'off'] as const)) !== 'off',
    idempotencyHours: reader.text('KEYTURN_IOTDA_IDEMPOTENCY_HOURS', count(1, 8_760, 'of hours ')) ?? 24,
    applicationRateLimit: reader.text('KEYTURN_IOTDA_APPLICATION_RATE_LIMIT', count(1, 100_000_000)),
    deviceRateLimit: reader.text('KEYTURN_IOTDA_DEVICE_RATE_LIMIT', count(1, 100_000_000)),
    tenantRateLimit: reader.text('KEYTURN_IOTDA_TENANT_RATE_LIMIT', count(1, 100_000_000)),
  };
}

function word(value: string): string {
  if (!/^[!-+\--~]{1,128}$/.test(value)) throw new Expected('1 to 128 visible ASCII characters without a comma');
  return value;
}

function words(value: string): ReadonlySet<string> {
  return new Set(value.split(',').map((text) => word(text.trim())));
}

const signatureAlgorithm = oneOf(SIGNATURE_ALGORITHMS);

function signatureAlgorithms(value: string): IotdaSettings['signatureAlgorithms'] {
  return new Set(value.split(',').map((text) => signatureAlgorithm(text.trim())));
}
