import { OperatorServiceClient, isOperatorServiceError } from 'keyturn/rest/keyturn/v1/operator_service.js';
import type { Device } from 'keyturn/rest/keyturn/v1/device.js';
import { RestError, bearer } from 'keyturn/rest/runtime/index.js';

/** Compiled and run beside an installed package: a call that meets nobody. */
const operator = new OperatorServiceClient({ baseUrl: 'http://127.0.0.1:1', headers: { authorization: bearer('token') } });
const call: Promise<Device> = operator.createDevice({ device_id: 'x' });
// @ts-expect-error -- The package has types: a wrong name does not compile.
const unknown = (device: Device): unknown => device.deviceId;
const error: unknown = await call.catch((caught: unknown) => caught);
if (error instanceof RestError || isOperatorServiceError(error) || !(error instanceof TypeError)) throw new Error('it has met somebody');
if (unknown(JSON.parse('{}') as Device) !== undefined) throw new Error('it has a member that it cannot have');
const hidden = 'keyturn/dist/src/app.js';
const refused: unknown = await import(hidden).catch((caught: unknown) => caught);
if ((refused as { code?: string }).code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw new Error('all of the code can be imported');
