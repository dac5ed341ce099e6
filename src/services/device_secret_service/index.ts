import { DeviceSecretServiceService } from '../../../gen/keyturn/v1/device_secret_service.ts';
import { bind } from '../../call/endpoints.ts';
import type { Binding } from '../../call/endpoints.ts';
import type { KeyRing } from '../../crypto/key_ring.ts';
import { Unavailable } from '../../unavailable.ts';

/** DeviceSecretService. */
export function deviceSecretService(_keyRing: KeyRing): Binding[] {
  return bind(DeviceSecretServiceService, {
    resetDeviceSecret: () => skeleton(),
    authenticateConnection: () => skeleton(),
  });
}

function skeleton(): never {
  throw new Unavailable('skeleton');
}
