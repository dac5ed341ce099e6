import { DeviceSecretServiceService } from '../../../gen/keyturn/v1/device_secret_service.ts';
import { bind } from '../../call/endpoints.ts';
import type { Binding } from '../../call/endpoints.ts';
import { Unavailable } from '../../unavailable.ts';
import type { Resets } from './reset.ts';

/** DeviceSecretService. */
export function deviceSecretService(resets: Resets): Binding[] {
  return bind(DeviceSecretServiceService, {
    resetDeviceSecret: (request, call) => resets.reset(request, call),
    authenticateConnection: () => skeleton(),
  });
}

function skeleton(): never {
  throw new Unavailable('skeleton');
}
