import { DeviceSecretServiceService } from '../../../gen/keyturn/v1/device_secret_service.ts';
import { bind } from '../../call/endpoints.ts';
import type { Binding } from '../../call/endpoints.ts';
import type { Connections } from './authenticate_connection.ts';
import type { Resets } from './reset.ts';

/** DeviceSecretService. */
export function deviceSecretService(resets: Resets, connections: Connections): Binding[] {
  return bind(DeviceSecretServiceService, {
    resetDeviceSecret: (request, call) => resets.reset(request, call),
    authenticateConnection: (request, call) => connections.authenticate(request, call),
  });
}
