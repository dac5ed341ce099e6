import type {
  IotDeviceServiceListDevicesRequest as ListDevicesRequest,
  IotDeviceServiceListDevicesResponse as ListDevicesResponse,
} from '../../../gen/keyturn/v1/iot_device_service.ts';
import type { Call } from '../../call/call.ts';
import type { IotDeviceFilter } from '../../db/iot_device.ts';
import { applicationNotFound } from '../iotda/refusals.ts';
import { originOf } from '../origin.ts';
import { pageOf, recordRangeOf } from './list_input.ts';
import type { IotDeviceParts } from './parts.ts';
import { toSummary } from './resource.ts';

/** ListDevices: contracts/iotda.md 7.4. It shows no secrets; the operator's use of it is audited like all that the operator does. */
export async function listDevices({ reader, clock }: IotDeviceParts, request: ListDevicesRequest, call: Call): Promise<ListDevicesResponse> {
  const { projectId, appId, gatewayId } = request;
  const page = pageOf(request);
  const filter: IotDeviceFilter = {
    projectId,
    productId: request.productId || undefined,
    nodeId: request.nodeId || undefined,
    deviceName: request.deviceName || undefined,
    ...recordRangeOf(request),
    gateway: gatewayId === '' ? undefined : { deviceId: gatewayId, cascade: request.isCascadeQuery },
  };
  // A project has one resource space, so that this filter is of no other use.
  if (appId !== '' && !(await reader.hasApp(projectId, appId))) throw applicationNotFound();
  if (call.principal.kind === 'application' && call.principal.actor === 'operator') await reader.auditList(projectId, originOf(call, clock));
  const { rows, count } = await reader.list(filter, page);
  return { devices: rows.map(toSummary), page: { count, marker: rows.at(-1)?.record_id.toString('hex') } };
}
